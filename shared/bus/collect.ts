import type { BourseEvent } from '../events/envelope.ts'
import { type Bus, isBusError } from './connect.ts'
import { readEventMessage } from './event-message.ts'
import { backoffMs, pause } from './pause.ts'
import { isNoStream, readMessages, type StoredMessage } from './stored-messages.ts'
import { buryMessages, type DeadLetter, eventSubjects, readStreamFacts, type StreamFacts } from './stream.ts'

export interface CollectOptions {
  bus: Bus
  marketId: string
  /** The first event wanted; 1 by default. To resume: one more than the last event dealt with. */
  fromSeq?: number
  signal: AbortSignal
  /** True: go on with new events for ever. False: end with what the stream holds at the time of the call. */
  follow: boolean
  /** End after this event, waiting for it if need be. */
  untilSeq?: number
  /** A gap that is not filled in this time is told; long enough for a stream being made anew by default. */
  gapWaitMs?: number
  /** Told what keeps events from coming for a while (NATS away); collecting goes on by itself. */
  onTrouble?: (problem: Error) => void
}

/** Events are missing in a stream although later ones are there, and did not come in time. */
export class EventsMissing extends Error {
  readonly marketId: string
  readonly firstMissingSeq: number
  readonly lastMissingSeq: number

  constructor(marketId: string, firstMissingSeq: number, lastMissingSeq: number) {
    super(`the stream of market ${marketId} lacks events ${firstMissingSeq} to ${lastMissingSeq}`)
    this.name = 'EventsMissing'
    this.marketId = marketId
    this.firstMissingSeq = firstMissingSeq
    this.lastMissingSeq = lastMissingSeq
  }
}

const GAP_WAIT_MS_DEFAULT = 30_000
const GAP_LOOK_INTERVAL_MS = 250
/** Without a sign of a new message the stream is looked at this often: it may have been made anew. */
const QUIET_LOOK_INTERVAL_MS = 1_000
const AWAY_BACKOFF_MS_FIRST = 100
const AWAY_BACKOFF_MS_MAX = 2_000

/**
 * A market's events in `seq` order, each once, from `fromSeq` on. Messages that are no events go to the dead
 * letters and are passed over; a gap is waited for. Holds two batches of the stream at most. Throws EventsMissing,
 * and the signal's reason.
 */
export async function* collect(options: CollectOptions): AsyncGenerator<BourseEvent, void, void> {
  const { bus, marketId, signal, untilSeq, onTrouble, gapWaitMs = GAP_WAIT_MS_DEFAULT } = options
  const goesOn = options.follow || untilSeq !== undefined
  const untilSequence = goesOn ? Number.POSITIVE_INFINITY : await lastSequenceNow(options)
  let seq = (options.fromSeq ?? 1) - 1
  // An event never stands before the sequence equal to its seq: each before it took one at least.
  let cursor = seq + 1
  let aheadSeq: number | null = null
  let gapSinceMs: number | null = null
  let facts: StreamFacts | null = null
  let failures = 0
  if (untilSeq !== undefined && seq >= untilSeq) return

  for (;;) {
    signal.throwIfAborted()
    try {
      facts ??= await readStreamFacts(bus, marketId)
      let batch = await readMessages(bus, marketId, cursor)
      while (batch.length > 0) {
        failures = 0
        const nextCursor: number = batch.at(-1)!.streamSequence + 1
        const next = nextCursor > untilSequence ? null : readAhead(bus, marketId, nextCursor)
        const strangers: DeadLetter[] = []
        for (const message of batch) {
          if (message.streamSequence > untilSequence) break
          const parsed = readEventMessage(message, marketId)
          if (!parsed.ok) {
            strangers.push(deadLetterOf(message, parsed.problem))
            continue
          }
          const { event } = parsed
          if (event.seq > seq + 1) aheadSeq = Math.min(event.seq, aheadSeq ?? event.seq)
          if (event.seq !== seq + 1) continue
          seq = event.seq
          if (aheadSeq !== null && aheadSeq <= seq) aheadSeq = null
          gapSinceMs = null
          yield event
          signal.throwIfAborted()
          if (seq === untilSeq) return
        }
        cursor = nextCursor
        await buryQuietly(bus, marketId, strangers)
        batch = next === null ? [] : await next
      }

      if (aheadSeq !== null) {
        gapSinceMs ??= Date.now()
        if (Date.now() - gapSinceMs >= gapWaitMs) throw new EventsMissing(marketId, seq + 1, aheadSeq - 1)
        await pause(GAP_LOOK_INTERVAL_MS, signal)
        aheadSeq = null
        cursor = seq + 1
        continue
      }
      if (cursor > untilSequence) return
      const isQuiet = !goesOn || !(await newMessage(bus, marketId, cursor, signal))
      if (isQuiet && (await isMadeAnew())) cursor = seq + 1
      else if (!goesOn) return
    } catch (error) {
      if (!isBusError(error) || bus.connection.isClosed()) throw error
      if (isNoStream(error) && !goesOn) return
      failures += 1
      if (!isNoStream(error)) onTrouble?.(error)
      cursor = seq + 1
      facts = null
      await pause(backoffMs(failures, AWAY_BACKOFF_MS_FIRST, AWAY_BACKOFF_MS_MAX), signal)
    }
  }

  async function isMadeAnew(): Promise<boolean> {
    const now = await readStreamFacts(bus, marketId)
    const isAnother = now?.created !== facts?.created || (now?.lastSequence ?? 0) < cursor - 1
    facts = now
    return isAnother && cursor !== seq + 1
  }
}

/** Waits a while for a message at or after `cursor`; true as soon as there may be one. */
async function newMessage(bus: Bus, marketId: string, cursor: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const subscription = bus.connection.subscribe(eventSubjects(marketId), {
    max: 1,
    callback: () => resolve(true),
  })
  const timer = setTimeout(() => resolve(false), QUIET_LOOK_INTERVAL_MS)
  const abort = () => resolve(false)
  signal.addEventListener('abort', abort)
  try {
    // What came before the subscription stood is seen by looking once more.
    const [message] = await readMessages(bus, marketId, cursor, 1)
    return message !== undefined || (await promise)
  } finally {
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
    subscription.unsubscribe()
  }
}

async function lastSequenceNow({ bus, marketId, signal, onTrouble }: CollectOptions): Promise<number> {
  for (let failures = 1; ; failures++) {
    try {
      return (await readStreamFacts(bus, marketId))?.lastSequence ?? 0
    } catch (error) {
      if (!isBusError(error) || bus.connection.isClosed()) throw error
      onTrouble?.(error)
      await pause(backoffMs(failures, AWAY_BACKOFF_MS_FIRST, AWAY_BACKOFF_MS_MAX), signal)
    }
  }
}

function readAhead(bus: Bus, marketId: string, cursor: number): Promise<StoredMessage[]> {
  const batch = readMessages(bus, marketId, cursor)
  // A failure is met where the batch is awaited, or does not matter any more.
  batch.catch(() => {})
  return batch
}

function deadLetterOf({ streamSequence, subject, text }: StoredMessage, reason: string): DeadLetter {
  return { streamSequence, subject, reason, text }
}

/** A collector that may not write dead letters still collects; the publisher writes them too. */
async function buryQuietly(bus: Bus, marketId: string, letters: readonly DeadLetter[]): Promise<void> {
  try {
    await buryMessages(bus, marketId, letters)
  } catch (error) {
    if (!isBusError(error)) throw error
  }
}
