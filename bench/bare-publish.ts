import { createInbox } from 'nats'
import type { Bus } from '../shared/bus/connect.ts'
import { IN_FLIGHT_MESSAGES_MAX } from '../shared/bus/pipeline.ts'
import { keepStream } from '../shared/bus/stream.ts'

export interface BareMessage {
  subject: string
  text: string
}

/**
 * Publishes texts to a stream of its own with as many in flight as the outbox has, and nothing else: no headers, no
 * fence, no reading of a database. Returns the milliseconds until the last is acknowledged.
 */
export async function publishBare(bus: Bus, name: string, messages: readonly BareMessage[]): Promise<number> {
  await keepStream(bus, { name, subject: `${name}.>`, description: 'bench' })
  const { connection } = bus
  const inbox = createInbox()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let sent = 0
  let acknowledged = 0
  const sendMore = () => {
    while (sent < messages.length && sent - acknowledged < IN_FLIGHT_MESSAGES_MAX) {
      const { subject, text } = messages[sent]!
      connection.publish(`${name}.${subject}`, text, { reply: `${inbox}.${sent}` })
      sent += 1
    }
  }
  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) return reject(error)
      if (message.json<{ error?: unknown }>().error) return reject(new Error(message.string()))
      acknowledged += 1
      if (acknowledged === messages.length) return resolve()
      sendMore()
    },
  })
  const startedAt = performance.now()
  sendMore()
  await promise
  const elapsedMs = performance.now() - startedAt
  subscription.unsubscribe()
  await bus.manager.streams.delete(name)
  return elapsedMs
}
