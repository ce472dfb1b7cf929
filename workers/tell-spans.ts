import type { Bus } from '../shared/bus/connect.ts'
import { readStoredTimes } from '../shared/bus/stored-times.ts'
import { createPostgresOutbox } from '../shared/db/events/outbox.ts'
import { claimSpans, releaseSpans, type SpanClaim } from '../shared/db/events/span-emissions.ts'
import { createDatabase, type Database } from '../shared/db/pool.ts'
import { parseEvent } from '../shared/events/envelope.ts'
import type { Outbox } from '../shared/events/outbox.ts'
import { exportSpans } from '../shared/telemetry/export-spans.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import type { Tracing } from '../shared/telemetry/tracing.ts'
import { doRounds } from './do-rounds.ts'
import { spansOfEvents } from './spans-of-events.ts'

/** Spans are told beside everything else and keep no connection from it. */
const MAX_CONNECTIONS = 2
/** With nothing to tell, markets are looked at this often. */
const LOOK_INTERVAL_MS = 500
const PAUSE_AFTER_TROUBLE_MS = 5_000
const EVENTS_PER_PAGE = 1_000
/** A market with a backlog lets the others have their turn after so many pages. */
const MAX_PAGES_PER_CLAIM = 10
/** What happened longer ago than this is not told any more. */
const BACKLOG_SECONDS = 3_600

interface Telling {
  db: Database
  bus: Bus
  outbox: Outbox
  tracing: Tracing
  log: Logger
}

/**
 * Until `signal` aborts, turns the published events of all markets into the spans of their bids, cycles and leases.
 * How far each market was told stands in Postgres and moves only when the spans were taken: a crash loses none, and
 * what is told twice is the same spans again. Any number of processes may do this at once.
 */
export async function tellSpans({
  postgresUrl,
  bus,
  tracing,
  log,
  signal,
}: Omit<Telling, 'db' | 'outbox' | 'tracing'> & {
  postgresUrl: string
  /** Null: tracing is off, and there is nothing to do. */
  tracing: Tracing | null
  signal: AbortSignal
}): Promise<void> {
  if (tracing === null) return
  const db = createDatabase(postgresUrl, 'bourse spans', MAX_CONNECTIONS)
  const telling = { db, bus, outbox: createPostgresOutbox(db), tracing, log }
  await doRounds(
    {
      async round() {
        const claim = await claimSpans(db, BACKLOG_SECONDS)
        if (claim === null) return LOOK_INTERVAL_MS
        await tellClaimed(telling, claim)
        return 0
      },
      trouble: 'spans of bids could not be sent; they are told later',
      afterTroubleMs: PAUSE_AFTER_TROUBLE_MS,
      log,
    },
    signal,
  )
  await db.end()
}

async function tellClaimed(telling: Telling, claim: SpanClaim): Promise<void> {
  let toldSeq = claim.toldSeq
  try {
    for (let page = 0; page < MAX_PAGES_PER_CLAIM && toldSeq < claim.publishedSeq; page++) {
      toldSeq = await tellPage(telling, claim, toldSeq)
    }
  } finally {
    await releaseSpans(telling.db, claim, toldSeq)
  }
}

/** Tells the events after `toldSeq`, at most a page of them, and answers the last one. */
async function tellPage(
  { db, bus, outbox, tracing, log }: Telling,
  { marketId, publishedSeq }: SpanClaim,
  toldSeq: number,
): Promise<number> {
  const page = await outbox.readEvents(marketId, toldSeq, Math.min(EVENTS_PER_PAGE, publishedSeq - toldSeq))
  const last = page.at(-1)
  if (last === undefined) return publishedSeq
  const events = page.flatMap(({ text }) => {
    const parsed = parseEvent(text)
    return parsed.ok ? [parsed.event] : []
  })
  const { seq, place } = await outbox.readPublication(marketId)
  const storedTimes =
    place === null
      ? new Map<string, number>()
      : await readStoredTimes(bus, marketId, {
          place,
          placeSeq: seq,
          fromSeq: toldSeq + 1,
          count: page.length,
        }).catch(error => {
          log.debug({ market: marketId, err: error }, 'when events were published could not be read')
          return new Map<string, number>()
        })
  await exportSpans(tracing, await spansOfEvents(db, marketId, events, storedTimes))
  return last.seq
}
