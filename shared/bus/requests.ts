import { headers } from 'nats'
import type { RequestConnection } from '../rpc/client.ts'
import { putContextInto } from '../telemetry/trace-context.ts'
import type { Bus } from './connect.ts'
import { headersOf } from './message-headers.ts'

/** A message on a subject that is answered by one of several processes. */
export interface BusRequest {
  subject: string
  /** Where the answer is wanted; empty: nowhere. */
  reply: string
  bytes: Uint8Array
  header: (name: string) => string | null
}

/**
 * Takes what is published on `subjects`; of all processes in `queue` one gets each message. Returns what ends it: after
 * that nothing new comes, and all that had come was handed over.
 */
export function receiveRequests(
  { connection }: Bus,
  subjects: string,
  queue: string,
  receive: (request: BusRequest) => void,
): () => Promise<void> {
  const subscription = connection.subscribe(subjects, {
    queue,
    callback: (error, message) => {
      if (error !== null) return
      receive({
        subject: message.subject,
        reply: message.reply ?? '',
        bytes: message.data,
        header: name => headersOf(message).first(name) || null,
      })
    },
  })
  return () => subscription.drain()
}

/** Publishes a text, leaving its arrival to the connection. */
export function publishText({ connection }: Bus, subject: string, text: string): void {
  connection.publish(subject, text)
}

/** A connection whose requests carry the trace that goes on when they are made. */
export function tracedConnection({ connection }: Bus): RequestConnection {
  return {
    request: (subject, payload, options) => {
      const carried = headers()
      putContextInto(carried)
      return connection.request(subject, payload, { ...options, headers: carried })
    },
  }
}
