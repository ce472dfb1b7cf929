import { connect } from 'nats'
import { natsOptions } from '../../shared/config/environment.ts'
import { inboxPrefix, rpcSubject } from '../../shared/rpc/subjects.ts'

/** Requests of many agents over one connection, each with its answer in its agent's own inbox. */
export interface AgentsRequests {
  ask(agent: string, operation: string, payload: string): Promise<{ ok: boolean; error?: { code: string } }>
  /** Sends without waiting for an answer. */
  send(agent: string, operation: string, payload: string): void
  flush(): Promise<void>
  close(): Promise<void>
}

/** Connects as the platform's own user, which may speak for every agent of the market. */
export async function connectAgents(marketId: string): Promise<AgentsRequests> {
  const connection = await connect(natsOptions([process.env.BOURSE_NATS_URL ?? '']))
  const waiting = new Map<string, (answer: { ok: boolean }) => void>()
  let asked = 0
  connection.subscribe(`_INBOX.${marketId}.>`, {
    callback: (_error, message) => {
      const resolve = waiting.get(message.subject)
      waiting.delete(message.subject)
      resolve?.(message.json())
    },
  })
  await connection.flush()
  const replyOf = (agent: string) => `${inboxPrefix(marketId, agent)}.${asked++}`
  return {
    ask: (agent, operation, payload) =>
      new Promise(resolve => {
        const reply = replyOf(agent)
        waiting.set(reply, resolve)
        connection.publish(rpcSubject(marketId, agent, operation), payload, { reply })
      }),
    send: (agent, operation, payload) =>
      connection.publish(rpcSubject(marketId, agent, operation), payload, { reply: replyOf(agent) }),
    flush: () => connection.flush(),
    close: () => connection.close(),
  }
}
