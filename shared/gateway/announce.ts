import { setTimeout as delay } from 'node:timers/promises'
import { collect, EventsMissing, EventsNotKept, PositionDiverged } from '../bus/collect.ts'
import type { Bus } from '../bus/connect.ts'
import {
  type AnnouncedUpTo,
  recordAnnounced,
  releaseAnnouncements,
  takeAnnouncements,
} from '../db/events/announcements.ts'
import type { Database } from '../db/pool.ts'
import { noticesOf, noticeText } from '../notice/notices-of.ts'
import { noticeSubject, publicSubject } from '../rpc/subjects.ts'
import type { Logger } from '../telemetry/log.ts'

/** Markets whose events nobody announces are looked for this often. */
const LOOK_INTERVAL_MS = 250
/** One gateway announces at most so many markets at a time. */
const MARKETS_MAX = 100
/** Progress is recorded this often; what was announced since is announced again by a successor. */
const RECORD_INTERVAL_MS = 500
/** What is published waits for the server after so many events, so that it does not pile up in memory. */
const FLUSH_EVERY_EVENTS = 1_000
/** A market in which nothing happened for so long is let go. */
const QUIET_MS_MAX = 30_000

export interface Announcing {
  db: Database
  /** Reads the streams. */
  source: Bus
  publish: (subject: string, text: string) => void
  /** Returns when what was published has reached the server. */
  flush: () => Promise<void>
  /** A name no other gateway has. */
  holder: string
  log: Logger
  signal: AbortSignal
}

/**
 * Tells agents what concerns them, and everybody what is public, from the markets' streams, until `signal` aborts. A market
 * is announced by one gateway at a time, which holds it by a row in Postgres and goes on exactly where the last one
 * recorded that it was; what that one announced after its last record is announced twice, under the same event ids.
 */
export async function announceMarkets(announcing: Announcing): Promise<void> {
  const { db, holder, log, signal } = announcing
  const running = new Map<string, Promise<void>>()
  while (!signal.aborted) {
    try {
      const taken = await takeAnnouncements(db, holder, MARKETS_MAX - running.size)
      for (const { marketId, ...from } of taken) {
        const announced = announceMarket(announcing, marketId, from)
          .catch(error =>
            log.warn({ market: marketId, err: error }, 'announcing stopped; it is taken up again'),
          )
          .finally(() => running.delete(marketId))
        running.set(marketId, announced)
      }
    } catch (error) {
      log.warn({ err: error }, 'markets to announce could not be looked for; it is tried again')
    }
    await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
  await Promise.all(running.values())
}

/** Announces one market until it is quiet, lost to another gateway, or the signal aborts. */
async function announceMarket(announcing: Announcing, marketId: string, from: AnnouncedUpTo): Promise<void> {
  const { db, source, publish, flush, holder, signal } = announcing
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  let done = from
  let heardAtMs = performance.now()
  const recording = (async () => {
    while (!either.aborted) {
      await delay(RECORD_INTERVAL_MS, undefined, { signal: either }).catch(() => {})
      const isQuiet = performance.now() - heardAtMs >= QUIET_MS_MAX
      // What cannot be recorded now is recorded later, or found to be another's by then.
      const isHeld = await record().catch(() => true)
      if (!isHeld || isQuiet) ended.abort()
    }
  })()

  async function record(): Promise<boolean> {
    const upTo = done
    await flush()
    return await recordAnnounced(db, holder, marketId, upTo)
  }

  try {
    for await (const event of collect({
      bus: source,
      marketId,
      ...beginning(from),
      signal: either,
      follow: true,
    })) {
      for (const notice of noticesOf(event)) {
        const { agent, kind } = notice
        const subject = agent === null ? publicSubject(marketId, kind) : noticeSubject(marketId, agent, kind)
        publish(subject, noticeText(event, notice))
      }
      done = { seq: event.seq, eventId: event.event_id, epoch: event.epoch }
      heardAtMs = performance.now()
      if (event.seq % FLUSH_EVERY_EVENTS === 0) await flush()
    }
  } catch (error) {
    if (!either.aborted) done = placeAfter(error) ?? done
    if (!either.aborted && placeAfter(error) === null) throw error
  } finally {
    ended.abort()
    await recording
    await record().catch(() => false)
    await releaseAnnouncements(db, holder, marketId).catch(() => {})
  }
}

function beginning({ seq, eventId, epoch }: AnnouncedUpTo) {
  return eventId === null || epoch === null ? { fromSeq: seq + 1 } : { after: { seq, eventId, epoch } }
}

/** Where announcing goes on when events were lost, are not kept, or never happened; null: the error is another. */
function placeAfter(error: unknown): AnnouncedUpTo | null {
  const nowhere = { eventId: null, epoch: null }
  if (error instanceof PositionDiverged) return { seq: error.lastSeq ?? 0, ...nowhere }
  if (error instanceof EventsNotKept) return { seq: error.checkpointSeq - 1, ...nowhere }
  if (error instanceof EventsMissing) return { seq: error.lastMissingSeq, ...nowhere }
  return null
}
