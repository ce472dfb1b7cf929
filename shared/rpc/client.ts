import type { Outcome } from '../economy/refusal.ts'
import type { OperationName, ReplyOf, RequestOf } from './operations.ts'
import { rpcSubject } from './subjects.ts'

/** What the client needs of a NATS connection, whose inbox prefix must be the agent's own (`inboxPrefix`). */
export interface RequestConnection {
  request(subject: string, payload: string, options: { timeout: number }): Promise<{ data: Uint8Array }>
}

/** Longer than the gateway takes at most, so that its own answer comes first. */
const TIMEOUT_MS = 15_000
const decoder = new TextDecoder()

/** An agent's side of the table of operations. */
export interface AgentClient {
  readonly marketId: string
  readonly agent: string
  /** Asks for an operation. A refusal is an answer; what throws is a gateway or a server that does not answer. */
  request<Name extends OperationName>(
    operation: Name,
    request: RequestOf<Name>,
    options?: { timeoutMs?: number },
  ): Promise<Outcome<ReplyOf<Name> & object>>
}

/** A client of the gateway for one agent on a connection of its own. */
export function createAgentClient(
  connection: RequestConnection,
  { marketId, agent }: { marketId: string; agent: string },
): AgentClient {
  return {
    marketId,
    agent,
    async request(operation, request, { timeoutMs = TIMEOUT_MS } = {}) {
      const { data } = await connection.request(
        rpcSubject(marketId, agent, operation),
        JSON.stringify(request),
        { timeout: timeoutMs },
      )
      return JSON.parse(decoder.decode(data))
    },
  }
}
