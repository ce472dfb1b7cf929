import { createInbox, type Msg, NatsError, type Subscription } from 'nats'
import type { Bus } from './connect.ts'
import { headersOf, type MessageHeaders } from './message-headers.ts'
import { PROOF_HEADER } from './proof.ts'
import { streamName } from './stream.ts'

/** A message as a stream holds it. */
export interface StoredMessage {
  streamSequence: number
  subject: string
  /** Its `Nats-Msg-Id`; empty when it has none. */
  messageId: string
  /** What its sender wrote to prove that it is one of our publishers; empty when nothing. */
  proof: string
  /** When the stream took it, as the server writes it: ISO 8601, UTC. */
  storedAt: string
  text: string
}

/** Read at once: enough that the way to the server does not matter, little enough to hold. */
const BATCH_MESSAGES_MAX = 1_000
const BATCH_BYTES_MAX = 4_194_304
/** A batch that stands still for so long is given up. */
const BATCH_SILENCE_MS_MAX = 5_000
/** Added by the server to what it gives out of a stream. */
const SEQUENCE_HEADER = 'Nats-Sequence'
const END_OF_BATCH = 204
const NOT_FOUND = 404
const NO_RESPONDERS = 503

/**
 * Reads a market's stream from stream sequence `fromSequence`, at most a batch; empty at the end of the stream.
 * Throws a NatsError when NATS is away, and one of code "503" when there is no such stream.
 */
export function readMessages(
  bus: Bus,
  marketId: string,
  fromSequence: number,
  limit = BATCH_MESSAGES_MAX,
): Promise<StoredMessage[]> {
  return readStored(bus, streamName(marketId), fromSequence, limit)
}

/** As readMessages, of any stream that allows direct reading. */
export function readStored(
  bus: Bus,
  stream: string,
  fromSequence: number,
  limit = BATCH_MESSAGES_MAX,
): Promise<StoredMessage[]> {
  return readDirectly(bus, stream, {
    seq: Math.max(fromSequence, 1),
    batch: limit,
    max_bytes: BATCH_BYTES_MAX,
  })
}

/** The first message on `subject` from stream sequence `fromSequence` on; null when there is none. */
export async function readNext(
  bus: Bus,
  stream: string,
  subject: string,
  fromSequence: number,
): Promise<StoredMessage | null> {
  const request = { seq: Math.max(fromSequence, 1), next_by_subj: subject }
  return (await readDirectly(bus, stream, request))[0] ?? null
}

/** The newest message on `subject`; null when there is none, or no such stream. */
export async function readNewest(bus: Bus, stream: string, subject: string): Promise<StoredMessage | null> {
  try {
    return (await readDirectly(bus, stream, { last_by_subj: subject }))[0] ?? null
  } catch (error) {
    if (isNoStream(error)) return null
    throw error
  }
}

/** Asks the stream itself, without a consumer; a request without `batch` is answered by one message. */
async function readDirectly(
  bus: Bus,
  stream: string,
  request: { batch?: number } & Record<string, unknown>,
): Promise<StoredMessage[]> {
  const inbox = createInbox()
  const messages: StoredMessage[] = []
  const { promise, resolve, reject } = Promise.withResolvers<StoredMessage[]>()
  let watchdog: NodeJS.Timeout | undefined
  const subscription: Subscription = bus.connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return reject(error)
      watchdog?.refresh()
      const headers = headersOf(message)
      // Whatever status a sender wrote: what has a sequence stands in the stream.
      const sequence = headers.last(SEQUENCE_HEADER)
      if (sequence === '') {
        const { code, description } = headers.status()
        if (code === END_OF_BATCH || code === NOT_FOUND) return resolve(messages)
        if (code === NO_RESPONDERS) return reject(NatsError.errorForCode('503'))
        return reject(new NatsError(description || 'refused', String(code)))
      }
      messages.push(storedMessageOf(message, headers, Number(sequence)))
      if (request.batch === undefined) resolve(messages)
    },
  })
  watchdog = setTimeout(() => reject(NatsError.errorForCode('TIMEOUT')), BATCH_SILENCE_MS_MAX)
  try {
    bus.connection.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), {
      reply: inbox,
    })
    return await promise
  } finally {
    clearTimeout(watchdog)
    subscription.unsubscribe()
  }
}

/** True when there was no stream to read. */
export function isNoStream(error: unknown): boolean {
  return error instanceof NatsError && error.code === '503'
}

function storedMessageOf(message: Msg, headers: MessageHeaders, streamSequence: number): StoredMessage {
  return {
    // The server's own headers stand last: what a sender wrote under their names is not believed.
    streamSequence,
    subject: headers.last('Nats-Subject'),
    messageId: headers.first('Nats-Msg-Id'),
    proof: headers.first(PROOF_HEADER),
    storedAt: headers.last('Nats-Time-Stamp'),
    text: message.string(),
  }
}
