import { connect, type NatsConnection, type NatsError } from 'nats'
import { type AgentClient, createAgentClient } from '../rpc/client.ts'
import { inboxPrefix, noticeSubject, publicSubject } from '../rpc/subjects.ts'

/** Who connects, and with what: as `bourse agent add` prints it. */
export interface AgentAddress {
  /** One or more `nats://host:port`. */
  servers: string | readonly string[]
  marketId: string
  agent: string
  /** The agent's token, or that of one of its leases. */
  token: string
}

/** What is told to an agent, or to everybody. `eventId` tells copies: a notice may come more than once. */
export interface ReceivedNotice {
  kind: string
  eventId?: string
  seq?: number
  timestamp?: string
  data: Record<string, unknown>
}

/** An agent's connection to its market. */
export interface AgentConnection extends AgentClient {
  /** What concerns this agent, from now on. */
  notices(): AsyncIterable<ReceivedNotice>
  /** What everybody in the market is told, from now on. */
  publicFeed(): AsyncIterable<ReceivedNotice>
  close(): Promise<void>
}

/** The market cannot be reached, or does not let this agent in; the message says what to do. */
export class AgentNotConnected extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'AgentNotConnected'
  }
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Connects an agent to its market. The connection comes back by itself, also when the process that knows the tokens is
 * away for a while. Throws AgentNotConnected.
 */
export async function connectAgent(address: AgentAddress): Promise<AgentConnection> {
  const { marketId, agent } = address
  const connection = await connected(address)
  const listen = (subject: string) => readNotices(connection, subject)
  return {
    ...createAgentClient(connection, { marketId, agent }),
    notices: () => listen(noticeSubject(marketId, agent, '>')),
    publicFeed: () => listen(publicSubject(marketId, '>')),
    close: () => connection.close(),
  }
}

async function connected({ servers, marketId, agent, token }: AgentAddress): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [servers].flat(),
      token,
      name: agent,
      inboxPrefix: inboxPrefix(marketId, agent),
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
    })
  } catch (error) {
    if ((error as NatsError).code === 'AUTHORIZATION_VIOLATION') {
      const message =
        'NATS does not let this token in: it is wrong, was replaced or revoked, or its agent has too many connections. ' +
        `\`bourse agent token ${marketId} ${agent}\` gives a new one.`
      throw new AgentNotConnected(message, error)
    }
    const names = [servers].flat().join(', ')
    throw new AgentNotConnected(`NATS at ${names} cannot be used: ${(error as Error).message}`, error)
  }
}

/** Subscribes at once, so that nothing is missed between the call and the first look. */
function readNotices(connection: NatsConnection, subject: string): AsyncIterable<ReceivedNotice> {
  const subscription = connection.subscribe(subject)
  return (async function* () {
    for await (const message of subscription) yield message.json<ReceivedNotice>()
  })()
}
