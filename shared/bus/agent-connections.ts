import { type NatsConnection, RequestStrategy } from 'nats'
import { z } from 'zod'
import { type ConnectionHolder, readConnectionName } from '../identity/connection-name.ts'
import type { Bus } from './connect.ts'

/** The account that agents and the platform share. */
export const AGENT_ACCOUNT = 'BOURSE'
/** Servers answer a question to all of them within this time. */
const LIST_WAIT_MS = 500
const CLOSE_WAIT_MS = 2_000
const CONNECTIONS_PER_PAGE = 1_024
/** More connections than any server of ours takes. */
const PAGES_MAX = 100

const listSchema = z.object({
  server: z.object({ id: z.string() }),
  data: z.object({
    total: z.number(),
    connections: z.array(z.object({ cid: z.number(), authorized_user: z.string().optional() })),
  }),
})

/** A live connection of an agent, as the servers number it. */
export interface AgentConnection extends ConnectionHolder {
  serverId: string
  clientId: number
}

/** Every live connection of an agent on any server. `system` is a connection of the system account. */
export async function listAgentConnections({ connection }: Bus): Promise<AgentConnection[]> {
  const found: AgentConnection[] = []
  for (let page = 0; page < PAGES_MAX; page++) {
    const question = {
      acc: AGENT_ACCOUNT,
      auth: true,
      limit: CONNECTIONS_PER_PAGE,
      offset: page * CONNECTIONS_PER_PAGE,
    }
    const answers = await connection.requestMany('$SYS.REQ.SERVER.PING.CONNZ', JSON.stringify(question), {
      strategy: RequestStrategy.JitterTimer,
      maxWait: LIST_WAIT_MS,
      jitter: LIST_WAIT_MS / 5,
    })
    let isMore = false
    for await (const answer of answers) {
      const { server, data } = listSchema.parse(answer.json())
      isMore ||= data.total > (page + 1) * CONNECTIONS_PER_PAGE
      for (const { cid, authorized_user: name } of data.connections) {
        const who = readConnectionName(name ?? '')
        if (who !== null) found.push({ serverId: server.id, clientId: cid, ...who })
      }
    }
    if (!isMore) break
  }
  return found
}

/** Has the servers close connections; one that is closed already is no matter. */
export async function closeAgentConnections(
  { connection }: Bus,
  closing: readonly Pick<AgentConnection, 'serverId' | 'clientId'>[],
): Promise<void> {
  await Promise.all(closing.map(one => closeOne(connection, one)))
}

async function closeOne(
  connection: NatsConnection,
  { serverId, clientId }: Pick<AgentConnection, 'serverId' | 'clientId'>,
): Promise<void> {
  const question = JSON.stringify({ cid: clientId })
  await connection
    .request(`$SYS.REQ.SERVER.${serverId}.KICK`, question, { timeout: CLOSE_WAIT_MS })
    .catch(() => {})
}

const advisorySchema = z.object({
  server: z.object({ id: z.string() }),
  client: z.object({ id: z.number(), user: z.string().optional() }),
})

/** Hears of connections of agents as they are made and end, from all servers. Returns what ends it. */
export function watchAgentConnections(
  { connection }: Bus,
  told: {
    made: (one: AgentConnection) => void
    ended: (one: Pick<AgentConnection, 'serverId' | 'clientId'>) => void
  },
): () => Promise<void> {
  const subscription = connection.subscribe(`$SYS.ACCOUNT.${AGENT_ACCOUNT}.*`, {
    callback: (error, message) => {
      if (error !== null) return
      const read = advisorySchema.safeParse(message.json())
      if (!read.success) return
      const place = { serverId: read.data.server.id, clientId: read.data.client.id }
      if (message.subject.endsWith('.DISCONNECT')) told.ended(place)
      const who = readConnectionName(read.data.client.user ?? '')
      if (message.subject.endsWith('.CONNECT') && who !== null) told.made({ ...place, ...who })
    },
  })
  return () => subscription.drain()
}
