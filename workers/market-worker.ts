import { fileURLToPath } from 'node:url'
import { NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { createAgentActivities } from '../activities/agent-activities.ts'
import { createMarketActivities } from '../activities/market-activities.ts'
import { createPublishActivities } from '../activities/publish-activities.ts'
import { connectBus } from '../shared/bus/connect.ts'
import { loadEnvironment } from '../shared/config/environment.ts'
import { createPostgresOutbox } from '../shared/db/outbox.ts'
import { createDatabase } from '../shared/db/pool.ts'
import { createPostgresEconomy } from '../shared/db/postgres-economy.ts'
import { createLog } from '../shared/telemetry/log.ts'
import { connectTemporal, temporalConnectionOptions } from '../shared/temporal/connect.ts'
import { createHint } from '../shared/temporal/hint.ts'
import { sweepOverdueMarkets } from './sweep.ts'

const MAX_DATABASE_CONNECTIONS = 20
const SHUTDOWN_GRACE = '10 seconds'
const MAX_CACHED_WORKFLOWS = 600

const environment = loadEnvironment(process.env)
const log = createLog('market-worker', environment.logLevel)
const db = createDatabase(environment.postgresUrl, 'bourse market worker', MAX_DATABASE_CONNECTIONS)
const bus = await connectBus(environment.nats, 'bourse market worker')
const client = await connectTemporal(environment.temporal)
const { taskQueue, namespace } = environment.temporal
const hint = createHint(client, taskQueue, log)
const economy = createPostgresEconomy(db, hint)

Runtime.install({ shutdownSignals: [] })
const connection = await NativeConnection.connect(temporalConnectionOptions(environment.temporal))
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('../workflows/all.ts', import.meta.url)),
  dataConverter: {
    payloadConverterPath: fileURLToPath(new URL('../workflows/payload-converter.ts', import.meta.url)),
  },
  activities: {
    ...createMarketActivities({ economy }),
    ...createAgentActivities({ economy }),
    ...createPublishActivities({ bus, outbox: createPostgresOutbox(db), log }),
  },
  maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
  shutdownGraceTime: SHUTDOWN_GRACE,
})

const sweep = new AbortController()
const sweeping = sweepOverdueMarkets(db, hint, log, sweep.signal)
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    sweep.abort()
    worker.shutdown()
  })
}

const running = worker.run()
log.info({ taskQueue }, 'market worker is ready')
process.send?.('ready')
await running
sweep.abort()
await sweeping
await bus.close()
await client.connection.close()
await connection.close()
await db.end()
process.disconnect?.()
