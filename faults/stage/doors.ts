import type { Client } from '@temporalio/client'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { type BourseEnvironment, loadEnvironment } from '../../shared/config/environment.ts'
import { createDatabase, type Database } from '../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../shared/db/postgres-economy.ts'
import { createPostgresLedger } from '../../shared/db/postgres-ledger.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import type { Ledger } from '../../shared/ledger/ledger.ts'
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
  close(): Promise<void>
}

const CONNECTIONS_MAX = 12

/** Opens the doors at the addresses of an environment. */
export async function openDoors(env: Record<string, string>, name: string): Promise<Doors> {
  const environment = loadEnvironment(env)
  const db = createDatabase(environment.postgresUrl, name, CONNECTIONS_MAX)
  const temporal = await connectTemporal(environment.temporal)
  const { taskQueue } = environment.temporal
  // What a hint meets on its way is the sweep's to make good, and no news to anybody here.
  const hint = createHint(temporal, taskQueue, createLog(name, { level: 'silent' }))
  return {
    environment,
    taskQueue,
    db,
    temporal,
    economy: createPostgresEconomy(db, hint),
    ledger: createPostgresLedger(db, hint),
    async close() {
      await temporal.connection.close()
      await db.end()
    },
  }
}

/** A connection to the NATS of an environment. */
export async function openBus(env: Record<string, string>, name: string): Promise<Bus> {
  return await connectBus(loadEnvironment(env).nats, name)
}
