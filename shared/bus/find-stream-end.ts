import { isDeepStrictEqual } from 'node:util'
import { subjectOf } from '../events/envelope.ts'
import { openEventPages } from '../events/event-pages.ts'
import type { Divergence, Outbox, OutboxEvent, OutboxIdentity, Publication } from '../events/outbox.ts'
import type { Bus } from './connect.ts'
import { buryMessages, type Stranger } from './dead-letters.ts'
import { claimOf, readEventMessage } from './event-message.ts'
import { judgeMessage, type Verdict } from './judge-message.ts'
import { prove } from './proof.ts'
import { readMessages, type StoredMessage } from './stored-messages.ts'
import { readStreamFacts, type StreamFacts } from './stream.ts'

/** The stream holds events that its table has lost: Postgres was restored from a backup. */
export class HistoryDiverged extends Error implements Divergence {
  readonly marketId: string
  /** The last event both have. */
  readonly commonSeq: number
  /** The newest epoch of the stream's events after that. */
  readonly streamEpoch: number

  constructor(marketId: string, commonSeq: number, streamEpoch: number) {
    super(
      `history_diverged: the stream of market ${marketId} goes on after event ${commonSeq} with events that are ` +
        `not in Postgres, which was restored from a backup; run: bourse repair ${marketId}`,
    )
    this.name = 'HistoryDiverged'
    this.marketId = marketId
    this.commonSeq = commonSeq
    this.streamEpoch = streamEpoch
  }
}

/** Where a stream stands: it holds events from the first kept to `seq` in order, the last of them at `sequence`. */
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

/** Why a stream must be made anew: it cannot be mended by adding to its end. */
export type Broken = { broken: 'hole' | 'superseded' | 'forged' }

/**
 * Reads a stream from the place that is known to its end. Garbage on the way goes to the dead letters. Throws
 * HistoryDiverged.
 */
export async function findStreamEnd(
  reading: Reading,
  facts: StreamFacts,
  known: Publication,
): Promise<StreamEnd | Broken> {
  const { bus, outbox, marketId, onBatch } = reading
  const start = await trustedStart(reading, facts, known)
  const buriedUpTo = known.place?.created === facts.created ? known.place.sequence : 0
  const identity = await outbox.readIdentity(marketId)
  const pages = openEventPages(outbox, marketId)
  const { firstSeq } = known
  // A reader looks for an event from the sequence equal to its seq on: a stream that begins lower misleads it.
  if (facts.lastSequence < firstSeq - 1) return { broken: 'hole' }
  let { seq, sequence } = start
  let lastEventId = start.eventId
  let lastSequence = sequence

  for (;;) {
    if (lastSequence >= facts.lastSequence) break
    onBatch()
    const messages = await readMessages(bus, marketId, lastSequence + 1)
    if (messages.length === 0) break
    const garbage: Stranger[] = []
    const bury = (message: StoredMessage) => {
      if (message.streamSequence > buriedUpTo) garbage.push(strangerOf(message, marketId))
    }
    for (const message of messages) {
      lastSequence = message.streamSequence
      const verdict = await judge(message, seq + 1)
      if (verdict === 'next' && message.streamSequence < seq + 1) return { broken: 'hole' }
      if (verdict === 'next') {
        seq += 1
        sequence = message.streamSequence
        lastEventId = message.messageId
      } else if (verdict === 'garbage') {
        lastEventId = null
        if (!isBeforeCheckpoint(message)) bury(message)
      } else {
        if (verdict === 'forged') bury(message)
        await buryMessages(bus, marketId, facts.created, garbage)
        if (verdict !== 'lost') return { broken: verdict }
        const isRepaired = (await outbox.readIdentity(marketId)).epoch > identity.epoch
        if (isRepaired) return { broken: 'superseded' }
        throw new HistoryDiverged(marketId, seq, await newestEpoch(reading, identity, message))
      }
    }
    await buryMessages(bus, marketId, facts.created, garbage)
  }

  const everythingIsGone = seq === firstSeq - 1 && facts.removed > 0
  if (everythingIsGone) return { broken: 'hole' }
  const end = Math.max(lastSequence, facts.lastSequence)
  return { seq, sequence, lastSequence: end, lastEventId: end === sequence ? lastEventId : null }

  /** True for our own events before the first that is kept: they are removed soon. */
  function isBeforeCheckpoint(message: StoredMessage): boolean {
    return (claimOf(message.text)?.seq ?? firstSeq) < firstSeq && isProven(message, identity)
  }

  async function judge(message: StoredMessage, expectedSeq: number): Promise<Verdict> {
    const claim = claimOf(message.text)
    return await judgeMessage(claim, expectedSeq, identity.epoch, {
      isTableEvent: async () => {
        const isNext = claim!.seq === expectedSeq
        const event = isNext
          ? await pages.at(expectedSeq)
          : (await outbox.readEvents(marketId, claim!.seq - 1, 1))[0]
        return event != null && saysTheSame(message, event)
      },
      isProven: () => isProven(message, identity),
      isWholeEvent: () => readEventMessage(message, marketId).ok,
    })
  }
}

/** Where a market's stream parts from its table; null when it does not. Throws a NatsError when NATS is away. */
export async function findDivergence(bus: Bus, outbox: Outbox, marketId: string): Promise<Divergence | null> {
  const facts = await readStreamFacts(bus, marketId)
  if (facts === null) return null
  try {
    const known = await outbox.readPublication(marketId)
    await findStreamEnd({ bus, outbox, marketId, onBatch: () => {} }, facts, known)
    return null
  } catch (error) {
    if (error instanceof HistoryDiverged) return error
    throw error
  }
}

/** True when a message is this event: under its id, on its subject, and, but for the order of keys, in its words. */
export function saysTheSame(message: StoredMessage, event: OutboxEvent): boolean {
  if (message.messageId !== event.event_id || message.subject !== subjectOf(event)) return false
  if (message.text === event.text) return true
  try {
    return isDeepStrictEqual(JSON.parse(message.text), JSON.parse(event.text))
  } catch {
    return false
  }
}

function isProven(message: StoredMessage, { eventKey }: OutboxIdentity): boolean {
  return message.proof === prove(eventKey, message.text).proof
}

/** The recorded place if the stream still has it and nothing was taken out since; else the stream's beginning. */
async function trustedStart(
  { bus, outbox, marketId }: Reading,
  facts: StreamFacts,
  { firstSeq, seq, place }: Publication,
): Promise<{ seq: number; sequence: number; eventId: string | null }> {
  const beginning = { seq: firstSeq - 1, sequence: 0, eventId: null }
  const isUntouched =
    place !== null &&
    place.created === facts.created &&
    place.removed === facts.removed &&
    place.sequence <= facts.lastSequence
  if (!isUntouched || seq < firstSeq) return beginning
  const [event] = await outbox.readEvents(marketId, seq - 1, 1)
  const [message] = await readMessages(bus, marketId, place.sequence, 1)
  const isThere =
    event !== undefined && message?.streamSequence === place.sequence && saysTheSame(message, event)
  return isThere ? { seq, sequence: place.sequence, eventId: event.event_id } : beginning
}

/** The newest epoch among our own messages from this one to the stream's end. */
async function newestEpoch(
  { bus, marketId, onBatch }: Reading,
  identity: OutboxIdentity,
  first: StoredMessage,
): Promise<number> {
  let epoch = 1
  let cursor = first.streamSequence
  for (;;) {
    onBatch()
    const messages = await readMessages(bus, marketId, cursor)
    if (messages.length === 0) return epoch
    for (const message of messages) {
      const claim = claimOf(message.text)
      if (claim !== null && isProven(message, identity)) epoch = Math.max(epoch, claim.epoch)
    }
    cursor = messages.at(-1)!.streamSequence + 1
  }
}

/** A message of a market's stream that is not the event that belongs there, and why. */
export function strangerOf(message: StoredMessage, marketId: string): Stranger {
  const { streamSequence, subject, text } = message
  const parsed = readEventMessage(message, marketId)
  const reason = parsed.ok ? 'not the event the market has at this place' : parsed.problem
  return { streamSequence, subject, reason, text }
}
