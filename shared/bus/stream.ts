import {
  DiscardPolicy,
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
const STREAM_NAME_IN_USE = 10058
/** What the server says of settings that no update changes: storage, retention, denials, mirrors, seals. */
const NOT_UPDATABLE = [10034, 10052, 10055, 10109]

/** The name of a market's stream. */
export function streamName(marketId: string): string {
  return `bourse-${marketId}`
}

/** The subjects of a market's events. */
export function eventSubjects(marketId: string): string {
  return `bourse.${marketId}.events.>`
}

/** Removes what stands before a stream sequence. */
export async function purgeBefore(bus: Bus, marketId: string, sequence: number): Promise<void> {
  await bus.manager.streams.purge(streamName(marketId), { seq: sequence })
}

/** What a stream holds now. */
export interface StreamFacts extends Omit<StreamPlace, 'sequence'> {
  /** One more than the last when the stream is empty. */
  firstSequence: number
  lastSequence: number
  messages: number
  bytes: number
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

/**
 * Makes a market's stream unless there is one; an existing one is given today's settings. One that somebody made with
 * settings that cannot be changed is made anew, empty: the publisher fills it from the table.
 */
export async function ensureStream(bus: Bus, marketId: string): Promise<StreamFacts> {
  try {
    return factsOf(await keepStream(bus, settingsOf(marketId)))
  } catch (error) {
    if (!isNotUpdatable(error)) throw error
    await deleteStream(bus, marketId)
    return factsOf(await keepStream(bus, settingsOf(marketId)))
  }
}

/** Deletes a market's stream with all it holds. */
export async function deleteStream(bus: Bus, marketId: string): Promise<void> {
  await deleteNamedStream(bus, streamName(marketId))
}

/** Deletes a stream by its own name, if it is there. */
export async function deleteNamedStream(bus: Bus, name: string): Promise<void> {
  try {
    await bus.manager.streams.delete(name)
  } catch (error) {
    if (!isStreamMissing(error)) throw error
  }
}

/**
 * Deletes a market's stream and makes it anew, empty: the publisher fills it from the table. Its first message will
 * have the stream sequence `firstSequence`.
 */
export async function recreateStream(bus: Bus, marketId: string, firstSequence = 1): Promise<void> {
  await deleteStream(bus, marketId)
  await keepStream(bus, { ...settingsOf(marketId), firstSequence })
}

export interface KeptStream {
  name: string
  subject: string
  description: string
  firstSequence?: number
}

/** Makes a stream that keeps everything unless there is one of that name; an existing one is given today's settings. */
export async function keepStream(
  bus: Bus,
  { name, subject, description, firstSequence }: KeptStream,
): Promise<StreamInfo> {
  const settings: Partial<StreamConfig> & { name: string } = {
    name,
    description,
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    max_msg_size: -1,
    max_msgs_per_subject: -1,
    no_ack: false,
    duplicate_window: nanos(bus.duplicateWindowMs),
    allow_direct: true,
    // Operators may delete and purge: the table is the truth, and the publisher makes the stream whole again.
    deny_delete: false,
    deny_purge: false,
  }
  try {
    return await bus.manager.streams.add(
      firstSequence === undefined ? settings : { ...settings, first_seq: firstSequence },
    )
  } catch (error) {
    if (!(error instanceof NatsError) || error.api_error?.err_code !== STREAM_NAME_IN_USE) throw error
    return await bus.manager.streams.update(name, settings)
  }
}

/** True when NATS said that a stream is made in a way that it can only be made anew. */
export function isNotUpdatable(error: unknown): boolean {
  return error instanceof NatsError && NOT_UPDATABLE.includes(error.api_error?.err_code ?? 0)
}

/** True when NATS said that there is no such stream. */
export function isStreamMissing(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.err_code === STREAM_NOT_FOUND
}

function settingsOf(marketId: string): KeptStream {
  return {
    name: streamName(marketId),
    subject: eventSubjects(marketId),
    description: `Events of market ${marketId}`,
  }
}

function factsOf({ created, config, state }: StreamInfo): StreamFacts {
  const sequences = state.last_seq - Math.max((config.first_seq ?? 1) - 1, 0)
  return {
    created: String(created),
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    removed: sequences - state.messages,
    messages: state.messages,
    bytes: state.bytes,
  }
}
