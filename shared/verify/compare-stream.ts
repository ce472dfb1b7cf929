import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Bus, isBusError } from '../bus/connect.ts'
import { readEventMessage } from '../bus/event-message.ts'
import { isNoStream, readMessages, type StoredMessage } from '../bus/stored-messages.ts'
import { readStreamFacts } from '../bus/stream.ts'
import { subjectOf } from '../events/envelope.ts'
import { openEventPages } from '../events/event-pages.ts'
import type { Outbox, OutboxEvent } from '../events/outbox.ts'

export interface StreamComparison {
  /** Events found in the stream as Postgres has them, in order from the first that is kept. */
  found: number
  /** Messages that told an event once more. */
  copies: number
  /** Messages that are no events of this market. */
  strangers: number
  /** Why not every event was found. */
  problem: string | null
}

interface StreamQuestion {
  bus: Bus
  outbox: Outbox
  marketId: string
  /** The first event that is kept. */
  firstSeq: number
  /** Every event up to this one must be in the stream. */
  lastSeq: number
  /** When this was the last event: the publisher's time counts from then, however many markets are compared. */
  sinceMs: number
  /** The publisher is waited for as long as it makes progress within this time. */
  waitMs: number
}

const LOOK_INTERVAL_MS = 100
/** A stream whose end was reached late is still given this long to show progress. */
const LATE_WAIT_MS_MAX = 2_000
/** A stream that is made anew meanwhile is read again from its start, so often. */
const READINGS_MAX = 5

/**
 * Compares a market's stream with its events in Postgres: each must be there, in `seq` order, and once when copies
 * are left out. Holds a page of each and no more. NATS being away counts as no progress.
 */
export async function compareStream(question: StreamQuestion): Promise<StreamComparison> {
  for (let reading = 1; ; reading++) {
    const comparison = await readOnce(question)
    if (comparison !== 'made anew') return comparison
    if (reading === READINGS_MAX) {
      return { found: 0, copies: 0, strangers: 0, problem: 'the stream was made anew again and again' }
    }
  }
}

async function readOnce(question: StreamQuestion): Promise<StreamComparison | 'made anew'> {
  const { bus, outbox, marketId, firstSeq, lastSeq, sinceMs, waitMs } = question
  const comparison: StreamComparison = { found: 0, copies: 0, strangers: 0, problem: null }
  const pages = openEventPages(outbox, marketId)
  /** The last event found. */
  let seq = firstSeq - 1
  let created: string | undefined
  let cursor = firstSeq
  /** Set at the end of the stream: until when it may stay the end. */
  let deadlineMs: number | null = null
  let batch: Promise<StoredMessage[]> | null = null

  while (seq < lastSeq) {
    const messages = await emptyWhenAway(batch ?? readMessages(bus, marketId, cursor))
    batch = null
    if (messages.length === 0) {
      const facts = await emptyWhenAway(readFacts())
      const isAnother = facts.some(
        now => now.created !== (created ?? now.created) || now.lastSequence < cursor - 1,
      )
      if (isAnother) return 'made anew'
      created ??= facts[0]?.created
      deadlineMs ??= Math.max(sinceMs + waitMs, Date.now() + Math.min(waitMs, LATE_WAIT_MS_MAX))
      if (Date.now() >= deadlineMs) {
        const lag = `the stream holds events up to ${seq} of ${lastSeq}: it lags ${lastSeq - seq} behind`
        return { ...comparison, problem: `${lag}, without progress for ${waitMs / 1000} s` }
      }
      await delay(LOOK_INTERVAL_MS)
      continue
    }
    if (deadlineMs !== null) deadlineMs = Date.now() + waitMs
    cursor = messages.at(-1)!.streamSequence + 1
    if (seq + messages.length < lastSeq) batch = readAhead(cursor)
    for (const message of messages) {
      if (seq === lastSeq) break
      const nextSeq = seq + 1
      const expected = pages.held(nextSeq) ?? (await pages.at(nextSeq))!
      const verdict = isExactly(message, expected) ? 'found' : await judge(question, message, expected)
      if (verdict === 'found') {
        seq += 1
        comparison.found += 1
      } else if (verdict === 'copy') comparison.copies += 1
      else if (verdict === 'stranger') comparison.strangers += 1
      else {
        await batch?.catch(() => {})
        const [facts] = await emptyWhenAway(readFacts())
        if (created !== undefined && facts?.created !== created) return 'made anew'
        return { ...comparison, problem: verdict.problem }
      }
    }
    created ??= (await emptyWhenAway(readFacts()))[0]?.created
  }
  await batch?.catch(() => {})
  return comparison

  function readAhead(from: number): Promise<StoredMessage[]> {
    const next = readMessages(bus, marketId, from)
    // A failure is met where the batch is awaited, or does not matter any more.
    next.catch(() => {})
    return next
  }

  async function readFacts() {
    const facts = await readStreamFacts(bus, marketId)
    return facts === null ? [] : [facts]
  }
}

/** What a message is when it is not, letter by letter, the event expected next. */
async function judge(
  { outbox, marketId, firstSeq }: StreamQuestion,
  message: StoredMessage,
  expected: OutboxEvent,
): Promise<'found' | 'copy' | 'stranger' | { problem: string }> {
  const parsed = readEventMessage(message, marketId)
  if (!parsed.ok) return 'stranger'
  const { seq, event_id: eventId } = parsed.event
  if (seq === expected.seq && eventId === expected.event_id) {
    if (isDeepStrictEqual(JSON.parse(message.text), JSON.parse(expected.text))) return 'found'
    return { problem: `event ${seq} says something else in the stream than in Postgres` }
  }
  // What a checkpoint stands for may be removed at any time.
  if (seq < firstSeq) return 'copy'
  if (eventId !== (await outbox.readEventId(marketId, seq))) return 'stranger'
  if (seq < expected.seq) return 'copy'
  return { problem: `the stream has event ${seq} where event ${expected.seq} belongs` }
}

function isExactly(message: StoredMessage, event: OutboxEvent): boolean {
  return (
    message.text === event.text &&
    message.messageId === event.event_id &&
    message.subject === subjectOf(event)
  )
}

/** NATS away, or no stream yet, is nothing read: whoever waits for progress decides for how long. */
async function emptyWhenAway<T>(reading: Promise<T[]>): Promise<T[]> {
  try {
    return await reading
  } catch (error) {
    if (isNoStream(error) || isBusError(error)) return []
    throw error
  }
}
