import type { Outbox, Publication } from '../events/outbox.ts'
import type { Bus } from './connect.ts'
import { claimOf, type EventClaim, readEventMessage } from './event-message.ts'
import { judgeMessage } from './judge-message.ts'
import { readMessages, type StoredMessage } from './stored-messages.ts'
import { buryMessages, type DeadLetter, type StreamFacts } from './stream.ts'

/** The stream holds events after the last one of its table: Postgres was restored from a backup. */
export class HistoryDiverged extends Error {
  readonly marketId: string
  /** The last event both have. */
  readonly commonSeq: number
  /** The epoch of the stream's events after that. */
  readonly streamEpoch: number

  constructor(marketId: string, commonSeq: number, streamEpoch: number) {
    super(
      `history_diverged: the stream of market ${marketId} goes on after event ${commonSeq} with events that are ` +
        `not in Postgres; run: bourse repair ${marketId}`,
    )
    this.name = 'HistoryDiverged'
    this.marketId = marketId
    this.commonSeq = commonSeq
    this.streamEpoch = streamEpoch
  }
}

/** Where a stream stands: it holds events 1 to `seq` in order, the last of them at `sequence`. */
export interface StreamEnd {
  seq: number
  sequence: number
  /** The stream's last sequence; above `sequence` stands garbage, or nothing that is left. */
  lastSequence: number
  /** The id of the stream's last message when that is event `seq`. */
  lastEventId: string | null
}

export interface Reading {
  bus: Bus
  outbox: Outbox
  marketId: string
  /** Called before each batch of the stream is read; may throw to end the reading. */
  onBatch: () => void
}

const IDS_PER_READ = 5_000

/**
 * Reads a stream from the place that is known to its end. Garbage on the way goes to the dead letters. Returns
 * `hole` when events are missing before later ones: such a stream must be made anew. Throws HistoryDiverged.
 */
export async function findStreamEnd(
  { bus, outbox, marketId, onBatch }: Reading,
  facts: StreamFacts,
  known: Publication,
): Promise<StreamEnd | 'hole'> {
  const start = await trustedStart(bus, outbox, marketId, facts, known)
  const buriedUpTo = known.place?.created === facts.created ? known.place.sequence : 0
  const tableIdOf = idReader(outbox, marketId)
  let { seq, sequence } = start
  let lastEventId = start.eventId
  let lastSequence = sequence

  for (;;) {
    if (lastSequence >= facts.lastSequence) break
    onBatch()
    const messages = await readMessages(bus, marketId, lastSequence + 1)
    if (messages.length === 0) break
    const garbage: DeadLetter[] = []
    for (const message of messages) {
      lastSequence = message.streamSequence
      const claim = claimOf(message.text)
      const tableId = await tableIdOf(claim, seq + 1)
      const parsed = () => readEventMessage(message, marketId)
      switch (judgeMessage(claim, seq + 1, tableId, () => parsed().ok)) {
        case 'next':
          seq += 1
          sequence = message.streamSequence
          lastEventId = tableId
          break
        case 'hole':
          await buryMessages(bus, marketId, garbage)
          return 'hole'
        case 'ahead':
          throw new HistoryDiverged(marketId, seq, epochOf(message))
        case 'garbage':
          lastEventId = null
          if (message.streamSequence > buriedUpTo) garbage.push(deadLetterOf(message, parsed()))
          break
      }
    }
    await buryMessages(bus, marketId, garbage)
  }

  const everythingIsGone = seq === 0 && facts.removed > 0
  if (everythingIsGone) return 'hole'
  const end = Math.max(lastSequence, facts.lastSequence)
  return { seq, sequence, lastSequence: end, lastEventId: end === sequence ? lastEventId : null }
}

/** The recorded place if the stream still has it and nothing was taken out since; else the stream's beginning. */
async function trustedStart(
  bus: Bus,
  outbox: Outbox,
  marketId: string,
  facts: StreamFacts,
  { seq, place }: Publication,
): Promise<{ seq: number; sequence: number; eventId: string | null }> {
  const beginning = { seq: 0, sequence: 0, eventId: null }
  const isUntouched =
    place !== null &&
    place.created === facts.created &&
    place.removed === facts.removed &&
    place.sequence <= facts.lastSequence
  if (!isUntouched || seq === 0) return beginning
  const eventId = await outbox.readEventId(marketId, seq)
  const [message] = await readMessages(bus, marketId, place.sequence, 1)
  const isThere =
    eventId !== null &&
    message?.streamSequence === place.sequence &&
    claimOf(message.text)?.eventId === eventId
  return isThere ? { seq, sequence: place.sequence, eventId } : beginning
}

/** Reads the id the table has at the seq claimed: by pages for the next one expected, else one by one. */
function idReader(
  outbox: Outbox,
  marketId: string,
): (claim: EventClaim | null, expectedSeq: number) => Promise<string | null> {
  let firstSeq = 1
  let ids: string[] = []
  return async (claim, expectedSeq) => {
    if (claim === null || claim.seq < expectedSeq) return null
    if (claim.seq > expectedSeq) return await outbox.readEventId(marketId, claim.seq)
    if (ids[expectedSeq - firstSeq] === undefined) {
      ids = await outbox.readEventIds(marketId, expectedSeq - 1, IDS_PER_READ)
      firstSeq = expectedSeq
    }
    return ids[expectedSeq - firstSeq] ?? null
  }
}

function epochOf(message: StoredMessage): number {
  return JSON.parse(message.text).epoch
}

function deadLetterOf(
  { streamSequence, subject, text }: StoredMessage,
  parsed: ReturnType<typeof readEventMessage>,
): DeadLetter {
  const reason = parsed.ok ? 'not the event the market has at this place' : parsed.problem
  return { streamSequence, subject, reason, text }
}
