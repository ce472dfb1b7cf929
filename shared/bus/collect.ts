import type { BourseEvent } from '../events/envelope.ts'
import { type Bus, isBusError } from './connect.ts'
import { buryMessages, lastBuriedSequence, type Stranger } from './dead-letters.ts'
import { readEventMessage, unreadableSeqOf } from './event-message.ts'
import { findRestoration } from './find-restoration.ts'
import { backoffMs, pause } from './pause.ts'
import { type Position, positionOf } from './position.ts'
import { isNoStream, readMessages, type StoredMessage } from './stored-messages.ts'
import { eventSubjects, readStreamFacts, type StreamFacts } from './stream.ts'

export interface CollectOptions {
  bus: Bus
  marketId: string
  /** The first event wanted; by default the first there is. */
  fromSeq?: number
  /** Or: what was dealt with last. What follows it comes, unless that event turns out never to have happened. */
  after?: Position | null
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

/** The event a reader dealt with last is not in this market's history: Postgres was restored from a backup. */
export class PositionDiverged extends Error {
  readonly marketId: string
  readonly position: Position
  /** The last event that still holds, as far as the stream tells it. */
  readonly lastSeq: number | null

  constructor(marketId: string, position: Position, lastSeq: number | null) {
    const cut = lastSeq === null ? '' : `; events up to ${lastSeq} still hold`
    super(
      `event ${position.seq} of market ${marketId} as it was read (${position.eventId}, epoch ${position.epoch}) never ` +
        `happened: the market was restored from a backup${cut}. Discard what was made of later events, and read anew`,
    )
    this.name = 'PositionDiverged'
    this.marketId = marketId
    this.position = position
    this.lastSeq = lastSeq
  }
}

/** The events asked for are not kept any more: the stream begins with a checkpoint after them. */
export class EventsNotKept extends Error {
  readonly marketId: string
  readonly checkpointSeq: number

  constructor(marketId: string, wantedSeq: number, checkpointSeq: number) {
    super(
      `event ${wantedSeq} of market ${marketId} is not kept any more: its stream begins with the checkpoint at event ` +
        `${checkpointSeq}, which holds the state up to there; start from that event`,
    )
    this.name = 'EventsNotKept'
    this.marketId = marketId
    this.checkpointSeq = checkpointSeq
  }
}

const GAP_WAIT_MS_DEFAULT = 30_000
const GAP_LOOK_INTERVAL_MS = 250
/** Without a sign of a new message the stream is looked at this often: it may have been made anew. */
const QUIET_LOOK_INTERVAL_MS = 1_000
const AWAY_BACKOFF_MS_FIRST = 100
const AWAY_BACKOFF_MS_MAX = 2_000

/**
 * A market's events in `seq` order, each once. Messages that are no events go to the dead letters and are passed
 * over, as are events of types and versions this program does not know, once a later event shows that they were
 * such; a gap is waited for. Holds two batches of the stream at most. Throws EventsMissing, PositionDiverged,
 * EventsNotKept, and the signal's reason.
 */
export async function* collect(options: CollectOptions): AsyncGenerator<BourseEvent, void, void> {
  const { bus, marketId, signal, untilSeq, onTrouble, gapWaitMs = GAP_WAIT_MS_DEFAULT } = options
  const goesOn = options.follow || untilSeq !== undefined
  const untilSequence = goesOn ? Number.POSITIVE_INFINITY : await lastSequenceNow(options)
  /** Null until the first event: then `seq` is only wished for. */
  let position = options.after ?? null
  let seq = position?.seq ?? (options.fromSeq ?? 1) - 1
  const startsAnywhere = position === null && options.fromSeq === undefined
  /** False while it is not seen that the stream holds our position: it may have been made anew. */
  let isConfirmed = position === null
  /** Event `seq` under another id than ours. */
  let isContradicted = false
  // An event never stands before the sequence equal to its seq: each before it took one at least.
  let cursor = Math.max(seq, 1)
  /** Events from `seq` + 1 to this one stood in the stream in a form we cannot read. */
  let unreadableSeq = seq
  let aheadSeq: number | null = null
  let gapSinceMs: number | null = null
  let facts: StreamFacts | null = null
  let buriedUpTo: number | null = null
  let failures = 0
  if (untilSeq !== undefined && seq >= untilSeq) return

  for (;;) {
    signal.throwIfAborted()
    try {
      if (facts === null) await lookAtStream()
      let batch = await readMessages(bus, marketId, cursor)
      while (batch.length > 0) {
        failures = 0
        const nextCursor: number = batch.at(-1)!.streamSequence + 1
        const next = nextCursor > untilSequence ? null : readAhead(bus, marketId, nextCursor)
        const strangers: Stranger[] = []
        for (const message of batch) {
          if (message.streamSequence > untilSequence) break
          const parsed = readEventMessage(message, marketId)
          if (!parsed.ok) {
            strangers.push(strangerOf(message, parsed.problem))
            if (unreadableSeqOf(message, marketId) === unreadableSeq + 1) unreadableSeq += 1
            continue
          }
          const { event } = parsed
          if (!isConfirmed && event.seq === seq) {
            isConfirmed = event.event_id === position!.eventId
            isContradicted = !isConfirmed
          }
          const isBeginning = event.type === 'state_checkpoint' && event.data.part === 1
          if (isBeginning && event.seq > seq + 1 && isFirstOf(message, facts)) {
            if (!startsAnywhere || position !== null) throw new EventsNotKept(marketId, seq + 1, event.seq)
            seq = event.seq - 1
          }
          if (isBeginning && event.seq === seq + 1) isConfirmed = true
          const isNext = isConfirmed && event.seq > seq && event.seq <= unreadableSeq + 1
          if (!isNext) {
            const isAhead = event.seq > (isConfirmed ? seq + 1 : seq)
            if (isAhead) aheadSeq = Math.min(event.seq, aheadSeq ?? event.seq)
            continue
          }
          position = positionOf(event)
          seq = event.seq
          unreadableSeq = seq
          if (aheadSeq !== null && aheadSeq <= seq) aheadSeq = null
          gapSinceMs = null
          yield event
          signal.throwIfAborted()
          if (untilSeq !== undefined && seq >= untilSeq) return
        }
        cursor = nextCursor
        await buryQuietly(strangers)
        batch = next === null ? [] : await next
      }

      if (isContradicted) throw new PositionDiverged(marketId, position!, await restoredUpTo())
      if (aheadSeq !== null) {
        gapSinceMs ??= Date.now()
        const firstMissing = isConfirmed ? seq + 1 : seq
        if (Date.now() - gapSinceMs >= gapWaitMs)
          throw new EventsMissing(marketId, firstMissing, aheadSeq - 1)
        await pause(GAP_LOOK_INTERVAL_MS, signal)
        await lookAtStream()
        rewind()
        continue
      }
      gapSinceMs = null
      if (untilSeq !== undefined && unreadableSeq >= untilSeq) return
      const isAtEnd = cursor > untilSequence
      const isQuiet = isAtEnd || !goesOn || !(await newMessage(bus, marketId, cursor, signal))
      if (!isConfirmed) {
        const lastSeq = await restoredUpTo()
        if (lastSeq !== null && lastSeq < seq) throw new PositionDiverged(marketId, position!, lastSeq)
      }
      if (isAtEnd) return
      if (isQuiet && (await isMadeAnew())) rewind()
      else if (!goesOn) return
    } catch (error) {
      if (!isBusError(error) || bus.connection.isClosed()) throw error
      if (isNoStream(error) && !goesOn) return
      failures += 1
      if (!isNoStream(error)) onTrouble?.(error)
      facts = null
      rewind()
      await pause(backoffMs(failures, AWAY_BACKOFF_MS_FIRST, AWAY_BACKOFF_MS_MAX), signal)
    }
  }

  /** Goes back to where our position must stand, to see that it still does. */
  function rewind() {
    cursor = Math.max(seq, 1)
    isConfirmed = position === null
    aheadSeq = null
    unreadableSeq = seq
  }

  /** Reads the stream's facts anew; true when it is another one than before. */
  async function lookAtStream(): Promise<boolean> {
    const now = await readStreamFacts(bus, marketId)
    const isAnother = now?.created !== facts?.created
    if (isAnother) buriedUpTo = null
    facts = now
    return isAnother
  }

  async function isMadeAnew(): Promise<boolean> {
    const isAnother = await lookAtStream()
    const isShorter = (facts?.lastSequence ?? 0) < cursor - 1
    return (isAnother || isShorter) && cursor !== Math.max(seq, 1)
  }

  function restoredUpTo(): Promise<number | null> {
    return findRestoration(bus, marketId, position!.epoch)
  }

  /** A collector that may not write dead letters still collects; the publisher writes them too. */
  async function buryQuietly(strangers: readonly Stranger[]): Promise<void> {
    if (strangers.length === 0 || facts === null) return
    const { created } = facts
    try {
      buriedUpTo ??= await lastBuriedSequence(bus, marketId, created)
      const fresh = strangers.filter(one => one.streamSequence > buriedUpTo!)
      await buryMessages(bus, marketId, created, fresh)
      buriedUpTo = fresh.at(-1)?.streamSequence ?? buriedUpTo
    } catch (error) {
      if (!isBusError(error)) throw error
    }
  }
}

/** True when nothing that is left in the stream stands before this message. */
function isFirstOf(message: StoredMessage, facts: StreamFacts | null): boolean {
  return facts !== null && message.streamSequence <= facts.firstSequence
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

function strangerOf({ streamSequence, subject, text }: StoredMessage, reason: string): Stranger {
  return { streamSequence, subject, reason, text }
}
