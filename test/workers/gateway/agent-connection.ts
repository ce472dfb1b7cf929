import { connect, type NatsConnection } from 'nats'
import { loadEnvironment } from '../../../shared/config/environment.ts'
import { type AgentClient, createAgentClient } from '../../../shared/rpc/client.ts'
import { type OperationName, operations } from '../../../shared/rpc/operations.ts'
import { inboxPrefix } from '../../../shared/rpc/subjects.ts'

export interface TestAgent {
  connection: NatsConnection
  client: AgentClient
}

/** An agent as any program outside is one: a connection with its own inbox, and requests on it. */
export async function connectAgent(
  marketId: string,
  agent: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<TestAgent> {
  const { nats } = loadEnvironment(env)
  const connection = await connect({ ...nats, inboxPrefix: inboxPrefix(marketId, agent) })
  const client = createAgentClient(connection, { marketId, agent })
  return { connection, client: checkingReplies(client) }
}

/** A client that holds every reply against its schema. */
function checkingReplies(client: AgentClient): AgentClient {
  return {
    ...client,
    async request(operation, request, options) {
      const outcome = await client.request(operation, request, options)
      if (outcome.ok) operations[operation as OperationName].reply.parse(outcome)
      return outcome
    },
  }
}
