import type { Client } from '@temporalio/client'
import { connect, type NatsConnection } from 'nats'
import type { Attention } from '../../shared/attention/attention.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { type BourseEnvironment, loadEnvironment } from '../../shared/config/environment.ts'
import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { createPostgresAttention } from '../../shared/db/attention/postgres-attention.ts'
import { createPostgresLedger } from '../../shared/db/ledger/postgres-ledger.ts'
import { createDatabase, type Database } from '../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../shared/db/postgres-economy.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import type { Identity } from '../../shared/identity/identity.ts'
import type { Ledger } from '../../shared/ledger/ledger.ts'
import { type AgentClient, createAgentClient } from '../../shared/rpc/client.ts'
import { inboxPrefix } from '../../shared/rpc/subjects.ts'
import { createLog } from '../../shared/telemetry/log.ts'
import { connectTemporal } from '../../shared/temporal/connect.ts'
import { createHint } from '../../shared/temporal/hint.ts'

/** Everything by which somebody outside reaches a stage's markets. */
export interface Doors {
  environment: BourseEnvironment
  taskQueue: string
  db: Database
  temporal: Client
  economy: Economy
  ledger: Ledger
  attention: Attention
  identity: Identity
  /** Where models are called, each at an LLM proxy. */
  models: readonly string[]
  /** An agent's own connection to NATS, with the requests it can make of a gateway. */
  agent(market: string, name: string): Promise<AgentClient>
  close(): Promise<void>
}

const CONNECTIONS_MAX = 12
/** A connection that breaks comes back by itself. */
const FOR_EVER = { maxReconnectAttempts: -1, reconnectTimeWait: 250, ignoreAuthErrorAbort: true }

/** Tokens by `<market>/<agent>`. */
export type AgentTokens = ReadonlyMap<string, string>

/** Opens the doors at the addresses of an environment; agents come in by their tokens, models are called at `models`. */
export async function openDoors(
  env: Record<string, string>,
  name: string,
  { tokens = new Map(), models = [] }: { tokens?: AgentTokens; models?: readonly string[] } = {},
): Promise<Doors> {
  const environment = loadEnvironment(env)
  const db = createDatabase(environment.postgresUrl, name, CONNECTIONS_MAX)
  const temporal = await connectTemporal(environment.temporal)
  const { taskQueue } = environment.temporal
  // What a hint meets on its way is the sweep's to make good, and no news to anybody here.
  const connections = new Map<string, Promise<NatsConnection>>()
  const hint = createHint(temporal, taskQueue, createLog(name, { level: 'silent' }))
  return {
    environment,
    taskQueue,
    db,
    temporal,
    economy: createPostgresEconomy(db, hint),
    ledger: createPostgresLedger(db, hint),
    attention: createPostgresAttention(db, hint),
    identity: createPostgresIdentity(db, hint),
    models,
    async agent(marketId, agent) {
      const inbox = inboxPrefix(marketId, agent)
      const token = tokens.get(`${marketId}/${agent}`) ?? ''
      let connection = connections.get(inbox)
      if (connection === undefined) {
        connection = connect({ servers: environment.nats.servers, token, inboxPrefix: inbox, ...FOR_EVER })
        connections.set(inbox, connection)
        connection.catch(() => connections.delete(inbox))
      }
      return createAgentClient(await connection, { marketId, agent })
    },
    async close() {
      for (const opened of await Promise.allSettled(connections.values()))
        if (opened.status === 'fulfilled') await opened.value.close()
      await temporal.connection.close()
      await db.end()
    },
  }
}

/** A connection to the NATS of an environment. */
export async function openBus(env: Record<string, string>, name: string): Promise<Bus> {
  return await connectBus(loadEnvironment(env).nats, name)
}
