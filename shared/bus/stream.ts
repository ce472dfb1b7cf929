import {
  DiscardPolicy,
  headers,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats'
import type { StreamPlace } from '../events/outbox.ts'
import type { Bus } from './connect.ts'

const STREAM_NOT_FOUND = 10059
/** What is kept of a dead letter's text, so that it fits into a message of its own. */
const DEAD_LETTER_TEXT_CHARS_MAX = 65_536

/** The name of a market's stream. */
export function streamName(marketId: string): string {
  return `bourse-${marketId}`
}

/** The subjects of a market's events. */
export function eventSubjects(marketId: string): string {
  return `bourse.${marketId}.events.>`
}

/** The subject, in a stream of its own, of a market's messages that are no events. */
export function deadLetterSubject(marketId: string): string {
  return `bourse.${marketId}.dead-letters`
}

/** The name of the stream of a market's dead letters. */
export function deadLetterStreamName(marketId: string): string {
  return `${streamName(marketId)}-dead-letters`
}

/** What a stream holds now. */
export interface StreamFacts extends Omit<StreamPlace, 'sequence'> {
  lastSequence: number
}

/** Reads a market's stream; null when there is none. */
export async function readStreamFacts(bus: Bus, marketId: string): Promise<StreamFacts | null> {
  try {
    return factsOf(await bus.manager.streams.info(streamName(marketId)))
  } catch (error) {
    if (isStreamMissing(error)) return null
    throw error
  }
}

/** Makes a market's stream unless there is one; an existing one is given today's settings. */
export async function ensureStream(bus: Bus, marketId: string): Promise<StreamFacts> {
  const info = await ensure(bus, {
    ...settings(bus, streamName(marketId), eventSubjects(marketId)),
    description: `Events of market ${marketId}`,
  })
  return factsOf(info)
}

function factsOf({ created, state }: StreamInfo): StreamFacts {
  return { created: String(created), lastSequence: state.last_seq, removed: state.last_seq - state.messages }
}

/** Deletes a market's stream with all it holds. */
export async function deleteStream(bus: Bus, marketId: string): Promise<void> {
  try {
    await bus.manager.streams.delete(streamName(marketId))
  } catch (error) {
    if (!isStreamMissing(error)) throw error
  }
}

/** Deletes a market's stream and makes it anew, empty: the publisher fills it from the table. */
export async function recreateStream(bus: Bus, marketId: string): Promise<void> {
  await deleteStream(bus, marketId)
  await ensureStream(bus, marketId)
}

/** A message that is no event of its market, and why. */
export interface DeadLetter {
  streamSequence: number
  subject: string
  reason: string
  text: string
}

/** Makes the stream of a market's dead letters unless there is one. */
export async function ensureDeadLetterStream(bus: Bus, marketId: string): Promise<void> {
  await ensure(bus, {
    ...settings(bus, deadLetterStreamName(marketId), deadLetterSubject(marketId)),
    description: `Messages on the subjects of market ${marketId} that are no events`,
  })
}

/** Puts messages among the dead letters; one told twice within the duplicate window is kept once. */
export async function buryMessages(
  bus: Bus,
  marketId: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  if (letters.length === 0) return
  await ensureDeadLetterStream(bus, marketId)
  const jetstream = bus.connection.jetstream()
  await Promise.all(
    letters.map(({ streamSequence, subject, reason, text }) => {
      const letter = {
        stream: streamName(marketId),
        stream_sequence: streamSequence,
        subject,
        reason,
        text: text.slice(0, DEAD_LETTER_TEXT_CHARS_MAX),
      }
      return jetstream.publish(deadLetterSubject(marketId), JSON.stringify(letter), {
        msgID: `${letter.stream}:${streamSequence}`,
        headers: headers(),
      })
    }),
  )
}

function settings(bus: Bus, name: string, subject: string): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    duplicate_window: nanos(bus.duplicateWindowMs),
    allow_direct: true,
    // Operators may delete and purge: the table is the truth, and the publisher makes the stream whole again.
    deny_delete: false,
    deny_purge: false,
  }
}

async function ensure(bus: Bus, config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
  try {
    return await bus.manager.streams.add(config)
  } catch (error) {
    const STREAM_NAME_IN_USE = 10058
    if (!(error instanceof NatsError) || error.api_error?.err_code !== STREAM_NAME_IN_USE) throw error
    return await bus.manager.streams.update(config.name, config)
  }
}

function isStreamMissing(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.err_code === STREAM_NOT_FOUND
}
