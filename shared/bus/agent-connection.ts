import { connect, ErrorCode, Events, type NatsConnection, type NatsError } from 'nats'
import { type AgentClient, createAgentClient, type RequestConnection } from '../rpc/client.ts'
import { inboxPrefix, noticeSubject, publicSubject } from '../rpc/subjects.ts'

/** Who connects, and with what: as `bourse agent add` prints it. */
export interface AgentAddress {
  /** One or more `nats://host:port`. */
  servers: string | readonly string[]
  marketId: string
  agent: string
  /** The agent's token, or that of one of its leases. */
  token: string
  /** Told in words what the server refuses on a connection that goes on; standard error is, when this is absent. */
  onProblem?: (message: string) => void
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

/** A request had no answer, for a reason that is not the operation's; the message says what to do. */
export class RequestNotAnswered extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'RequestNotAnswered'
  }
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Connects an agent to its market. The connection comes back by itself, also when the process that knows the tokens is
 * away for a while. Throws AgentNotConnected; its requests throw RequestNotAnswered.
 */
export async function connectAgent(address: AgentAddress): Promise<AgentConnection> {
  const { marketId, agent } = address
  const connection = await connected(address)
  void tellProblems(connection, address)
  const listen = (subject: string) => readNotices(connection, subject)
  return {
    ...createAgentClient(explainedRequests(connection, address), { marketId, agent }),
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
    const { code } = error as NatsError
    if (code === ErrorCode.AuthorizationViolation) {
      throw new AgentNotConnected(problemOf(code, { marketId, agent })!, error)
    }
    const names = [servers].flat().join(', ')
    throw new AgentNotConnected(`NATS at ${names} cannot be used: ${(error as Error).message}`, error)
  }
}

/** What a client is told by a code only; null: it speaks for itself. */
function problemOf(code: string, { marketId, agent }: { marketId: string; agent: string }): string | null {
  switch (code) {
    case ErrorCode.AuthorizationViolation:
      return (
        'NATS does not let this token in: it is wrong, was replaced or revoked, or its agent has too many connections. ' +
        `\`bourse agent check-token\` says which, and \`bourse agent token ${marketId} ${agent}\` gives a new one.`
      )
    case ErrorCode.PermissionsViolation:
      return `NATS refuses a subject of agent ${agent} of market ${marketId}: is the token another agent's?`
    case ErrorCode.NoResponders:
      return 'nobody answers: no gateway is running. `bourse status` shows whether one is.'
    case ErrorCode.Timeout:
      return 'no answer in time; ask again under the same key to learn what came of it.'
    default:
      return null
  }
}

/** Tells what the server refuses while the connection goes on, each thing once until it is in again. */
async function tellProblems(connection: NatsConnection, address: AgentAddress): Promise<void> {
  const { onProblem = message => process.stderr.write(`${message}\n`) } = address
  const told = new Set<string>()
  for await (const { type, data } of connection.status()) {
    if (type === Events.Reconnect) told.clear()
    const message = type === Events.Error ? problemOf(String(data), address) : null
    if (message === null || told.has(message)) continue
    told.add(message)
    onProblem(message)
  }
}

function explainedRequests(connection: NatsConnection, address: AgentAddress): RequestConnection {
  return {
    async request(subject, payload, options) {
      try {
        return await connection.request(subject, payload, options)
      } catch (error) {
        const message = problemOf((error as NatsError).code, address)
        throw message === null ? error : new RequestNotAnswered(message, error)
      }
    },
  }
}

/** Subscribes at once, so that nothing is missed between the call and the first look. */
function readNotices(connection: NatsConnection, subject: string): AsyncIterable<ReceivedNotice> {
  const subscription = connection.subscribe(subject)
  return (async function* () {
    for await (const message of subscription) yield message.json<ReceivedNotice>()
  })()
}
