import type { Client } from '@temporalio/client'
import type { Allowances } from '../../shared/allowance/allowance.ts'
import type { Attention } from '../../shared/attention/attention.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import type { BourseEnvironment } from '../../shared/config/environment.ts'
import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { createPostgresAllowances } from '../../shared/db/allowances/postgres-allowances.ts'
import { createPostgresAttention } from '../../shared/db/attention/postgres-attention.ts'
import { createPostgresLedger } from '../../shared/db/ledger/postgres-ledger.ts'
import { createDatabase, type Database } from '../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../shared/db/postgres-economy.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import type { Identity } from '../../shared/identity/identity.ts'
import type { Ledger } from '../../shared/ledger/ledger.ts'
import { startTelemetry, type Telemetry } from '../../shared/telemetry/start-telemetry.ts'
import { outOfReach } from '../command-failure.ts'
import { explainError } from '../explain-error.ts'
import { note } from '../show/answer.ts'
import { startMarketWorkflow } from '../temporal/market-workflow.ts'
import { checkPort } from './check-port.ts'
import { findEnvironment } from './find-environment.ts'

/** The servers a command may use, each connected at its first use. */
export interface Servers {
  environment(): BourseEnvironment
  database(): Database
  economy(): Economy
  ledger(): Ledger
  attention(): Attention
  allowances(): Allowances
  identity(): Identity
  temporal(): Promise<Client>
  bus(): Promise<Bus>
  /** Off unless the environment says where traces go. */
  telemetry(): Promise<Telemetry>
  close(): Promise<void>
}

const MAX_DATABASE_CONNECTIONS = 4

/** Servers that nothing is connected to yet; close them when the command is over. */
export function openServers(): Servers {
  let known: BourseEnvironment | undefined
  let db: Database | undefined
  let client: Promise<Client> | undefined
  let nats: Promise<Bus> | undefined
  let started: Promise<Telemetry> | undefined

  const environment = () => {
    known ??= findEnvironment()
    return known
  }
  const database = () => {
    db ??= createDatabase(environment().postgresUrl, 'bourse cli', MAX_DATABASE_CONNECTIONS)
    return db
  }
  const telemetry = () => {
    started ??= startTelemetry('cli', environment())
    return started
  }
  const temporal = () => {
    client ??= reachTemporal(environment().temporal, telemetry())
    return client
  }
  const bus = () => {
    nats ??= reachBus(environment())
    return nats
  }
  const hint = async (marketId: string) => {
    try {
      await startMarketWorkflow(await temporal(), environment().temporal.taskQueue, marketId)
    } catch (error) {
      note(
        `market ${marketId} was not told at once (${explainError(error).message}); a worker's sweep tells it.`,
      )
    }
  }
  return {
    environment,
    database,
    telemetry,
    temporal,
    bus,
    economy: () => createPostgresEconomy(database(), hint),
    ledger: () => createPostgresLedger(database(), hint),
    allowances: () => createPostgresAllowances(database(), hint),
    attention: () => createPostgresAttention(database(), hint),
    identity: () => createPostgresIdentity(database(), hint),
    async close() {
      const connected = await client?.catch(() => undefined)
      await connected?.connection.close()
      await (await nats?.catch(() => undefined))?.close()
      await db?.end()
      await (await started)?.close()
    },
  }
}

// The client alone would try a refused address again for ten seconds.
async function reachTemporal(
  temporal: BourseEnvironment['temporal'],
  telemetry: Promise<Telemetry>,
): Promise<Client> {
  const unreachable = (problem: string) =>
    outOfReach(
      'temporal_unreachable',
      `Temporal at ${temporal.address} cannot be reached (${problem}): is the stack up? \`bourse status\` shows it.`,
    )
  const problem = await checkPort(temporal.address)
  if (problem !== null) throw unreachable(problem)
  const { connectTemporal } = await import('../../shared/temporal/connect.ts')
  try {
    return await connectTemporal(temporal, (await telemetry).temporal.client)
  } catch (error) {
    throw unreachable((error as Error).message)
  }
}

async function reachBus({ nats, natsCredentialsFile }: BourseEnvironment): Promise<Bus> {
  const { connectBus } = await import('../../shared/bus/connect.ts')
  const credentials = natsCredentialsFile === undefined ? {} : { credentialsFile: natsCredentialsFile }
  return await connectBus({ ...nats, ...credentials }, 'bourse cli')
}
