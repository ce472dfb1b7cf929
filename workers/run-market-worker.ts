import { NativeConnection, Worker } from '@temporalio/worker'
import { createAgentActivities } from '../activities/agent-activities.ts'
import { createAllowanceActivities } from '../activities/allowance-activities.ts'
import { createAttentionActivities } from '../activities/attention-activities.ts'
import { createExecutionDutyActivities } from '../activities/execution-activities.ts'
import { heartbeating } from '../activities/heartbeating.ts'
import { createLlmActivities } from '../activities/llm-activities.ts'
import { createMarketActivities } from '../activities/market-activities.ts'
import { createPriceActivities } from '../activities/price-activities.ts'
import { createPublishActivities } from '../activities/publish-activities.ts'
import { type Bus, connectBus } from '../shared/bus/connect.ts'
import { listStreams } from '../shared/bus/list-streams.ts'
import type { BourseEnvironment } from '../shared/config/environment.ts'
import { priceTaskQueue } from '../shared/contracts/workflows.ts'
import { createPostgresIdentity } from '../shared/db/agents/postgres-identity.ts'
import { createPostgresAllowances } from '../shared/db/allowances/postgres-allowances.ts'
import { createPostgresAttention } from '../shared/db/attention/postgres-attention.ts'
import { createPostgresOutbox } from '../shared/db/events/outbox.ts'
import { createPostgresExecutions } from '../shared/db/executions/executions.ts'
import { createGlances } from '../shared/db/market/glances.ts'
import { readMarketFigures } from '../shared/db/market/read-market-figures.ts'
import { createDatabase, type Database, PRICE_UPDATE_PATIENCE } from '../shared/db/pool.ts'
import { createPostgresEconomy } from '../shared/db/postgres-economy.ts'
import type { Economy } from '../shared/economy/economy.ts'
import type { Outbox } from '../shared/events/outbox.ts'
import { LlmConfigError, type LlmSetup, readLlmConfig } from '../shared/llm/llm-config.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { registerMarketGauges } from '../shared/telemetry/market-gauges.ts'
import { measuredEconomy } from '../shared/telemetry/measured-economy.ts'
import { serveMetrics } from '../shared/telemetry/serve-metrics.ts'
import { startTelemetry } from '../shared/telemetry/start-telemetry.ts'
import { createAllowanceSchedules } from '../shared/temporal/allowance-schedules.ts'
import { connectTemporal, temporalConnectionOptions } from '../shared/temporal/connect.ts'
import { createHint } from '../shared/temporal/hint.ts'
import { createPriceSchedules } from '../shared/temporal/price-schedules.ts'
import { registerSearchAttributes } from '../shared/temporal/register-search-attributes.ts'
import { createExecutionStarter } from '../shared/temporal/start-execution.ts'
import { createBenchmarkWorker } from './benchmark/benchmark-worker.ts'
import { createRunPruning, pruneOldRuns } from './benchmark/run-pruning.ts'
import { createExecutionWorker } from './execution-worker.ts'
import { leaseAccess } from './lease-access.ts'
import { limitEvents } from './limit-events.ts'
import { startLlmCore } from './llm-core.ts'
import { pruneOldRows } from './prune.ts'
import { readLlmSetup } from './read-llm-setup.ts'
import { scheduleAllowances } from './schedule-allowances.ts'
import { startPrompts } from './start-prompts.ts'
import { sweepOverdueMarkets } from './sweep.ts'
import { tellSpans } from './tell-spans.ts'
import { startTemporalRuntime } from './temporal-runtime.ts'
import { WORKFLOW_SOURCES } from './workflow-sources.ts'

const MAX_DATABASE_CONNECTIONS = 20
/** Prices have connections and activity slots of their own, so that updates which are stuck keep none from a cycle. */
const MAX_PRICE_CONNECTIONS = 2
const MAX_PRICE_ACTIVITIES = 4
/** Metrics are read beside everything else. */
const MAX_FIGURES_CONNECTIONS = 1
/** So have calls to models. */
const MAX_LLM_CONNECTIONS = 4
const SHUTDOWN_GRACE = '10 seconds'
const MAX_CACHED_WORKFLOWS = 600
/** How long a workflow waits for the worker that has it cached before any other may go on with it. */
const STICKY_WAIT = '2 seconds'

/** What stands between a market worker and what it uses: each is given the real thing and answers what is used. */
export interface Surroundings {
  db: (db: Database) => Database
  bus: (bus: Bus) => Bus
  hint: (hint: (marketId: string) => Promise<void>) => (marketId: string) => Promise<void>
  economy: (economy: Economy) => Economy
  outbox: (outbox: Outbox) => Outbox
}

const NOTHING_AROUND: Surroundings = {
  db: db => db,
  bus: bus => bus,
  hint: hint => hint,
  economy: economy => economy,
  outbox: outbox => outbox,
}

/**
 * Runs a market worker until `signal` aborts, then lets what is running finish. `onReady` is called when the worker
 * polls; `around` lets tests and the fault machine see, damage or end what the worker does.
 */
export async function runMarketWorker(
  environment: BourseEnvironment,
  options: {
    signal: AbortSignal
    onReady: () => void
    around?: Partial<Surroundings>
    /** The file with the workflows bundled already, which takes seconds of work. */
    workflowBundle?: string
  },
): Promise<void> {
  const { signal, onReady } = options
  const around = { ...NOTHING_AROUND, ...options.around }
  const telemetry = await startTelemetry('market-worker', environment)
  const { log } = telemetry
  const interceptors = { activity: telemetry.temporal.activity }
  const { taskQueue, namespace } = environment.temporal
  const db = around.db(
    createDatabase(environment.postgresUrl, 'bourse market worker', MAX_DATABASE_CONNECTIONS),
  )
  const bus = around.bus(await connectBus(environment.nats, 'bourse market worker'))
  const client = await connectTemporal(environment.temporal, telemetry.temporal.client)
  await registerSearchAttributes(client)
  const hint = around.hint(createHint(client, taskQueue, log))
  const economy = measuredEconomy(around.economy(createPostgresEconomy(db, hint)), telemetry.metrics)
  const outbox = around.outbox(createPostgresOutbox(db))
  const glances = createGlances(db)
  const llmDb = createDatabase(environment.postgresUrl, 'bourse llm activities', MAX_LLM_CONNECTIONS)
  const models = llmSetup(log)
  const llm = startLlmCore(llmDb, models, telemetry, hint)
  const executions = createPostgresExecutions(db, hint)
  const allowanceSchedules = createAllowanceSchedules(client, taskQueue)
  const figuresDb = createDatabase(environment.postgresUrl, 'bourse metrics', MAX_FIGURES_CONNECTIONS)
  const pricesDb = createDatabase(
    environment.postgresUrl,
    'bourse price updates',
    MAX_PRICE_CONNECTIONS,
    PRICE_UPDATE_PATIENCE,
  )

  const temporalMetrics = await startTemporalRuntime(log)
  registerMarketGauges(
    telemetry.metrics,
    {
      readMarkets: limit => readMarketFigures(figuresDb, limit),
      readDeadLetters: async marketIds =>
        new Map([...(await listStreams(bus, marketIds))].map(([id, { deadLetters }]) => [id, deadLetters])),
    },
    log,
  )
  const metricsServer = await serveMetrics({
    registry: telemetry.metrics,
    ...environment.telemetry.metrics,
    log,
    more: temporalMetrics,
  })
  const connection = await NativeConnection.connect(temporalConnectionOptions(environment.temporal))
  const { workflowBundle: codePath } = options
  const { workflowsPath, dataConverter, interceptors: inWorkflows } = WORKFLOW_SOURCES
  const worker = await Worker.create({
    ...(codePath === undefined ? { workflowsPath } : { workflowBundle: { codePath } }),
    dataConverter,
    connection,
    namespace,
    taskQueue,
    interceptors: { ...(codePath === undefined ? inWorkflows : {}), ...interceptors },
    activities: {
      ...heartbeating(createMarketActivities({ economy, glances })),
      ...heartbeating(createAgentActivities({ economy, glances })),
      ...heartbeating(createAttentionActivities({ attention: createPostgresAttention(db, hint) })),
      ...heartbeating(
        createAllowanceActivities({
          db,
          allowances: createPostgresAllowances(db, hint),
          schedules: allowanceSchedules,
        }),
      ),
      ...heartbeating(
        createExecutionDutyActivities({
          executions,
          start: createExecutionStarter(client, taskQueue),
          log,
        }),
      ),
      ...createPublishActivities({ bus, outbox, log }),
      ...heartbeating(createLlmActivities(llm)),
    },
    maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
    stickyQueueScheduleToStartTimeout: STICKY_WAIT,
    shutdownGraceTime: SHUTDOWN_GRACE,
  })
  const priceWorker = await Worker.create({
    connection,
    namespace,
    taskQueue: priceTaskQueue(taskQueue),
    interceptors,
    activities: heartbeating(
      createPriceActivities({
        economy: createPostgresEconomy(pricesDb, hint),
        schedules: createPriceSchedules(client, taskQueue),
        log,
      }),
    ),
    maxConcurrentActivityTaskExecutions: MAX_PRICE_ACTIVITIES,
    shutdownGraceTime: SHUTDOWN_GRACE,
  })

  const besides = Promise.all([
    sweepOverdueMarkets(db, hint, log, signal),
    pruneOldRows(db, environment.retention, log, signal),
    pruneOldRuns(
      createRunPruning({ db, bus, economy, identity: createPostgresIdentity(db, hint) }),
      environment.retention.runsDays,
      log,
      signal,
    ),
    limitEvents({ db, bus, outbox, hint, log }, signal),
    scheduleAllowances({ db, schedules: allowanceSchedules, log }, signal),
    startPrompts({ db, client, taskQueue, log }, signal),
    tellSpans({ postgresUrl: environment.postgresUrl, bus, tracing: telemetry.tracing, log, signal }),
  ])
  const executionWorker = await createExecutionWorker({
    connection,
    namespace,
    taskQueue,
    log,
    signal,
    executions,
    interceptors,
    ...leaseAccess(environment, { identity: createPostgresIdentity(db, hint), db }),
  })
  const benchmark = await createBenchmarkWorker({
    connection,
    environment,
    interceptors,
    db,
    bus,
    economy,
    hint,
    llm,
    hasModels: models.config.upstreams.length > 0,
    llmDb,
    telemetry,
  })
  const workers = [
    worker,
    priceWorker,
    benchmark.worker,
    ...(executionWorker === null ? [] : [executionWorker]),
  ]
  const running = Promise.all(workers.map(one => one.run()))
  const shutDown = () => {
    for (const one of workers) one.shutdown()
  }
  signal.addEventListener('abort', shutDown, { once: true })
  log.info({ taskQueue }, 'market worker is ready')
  onReady()
  await running
  await besides
  await bus.close()
  await client.connection.close()
  await connection.close()
  await benchmark.close()
  await llm.close()
  await llmDb.end()
  await pricesDb.end()
  await db.end()
  await metricsServer.close()
  await figuresDb.end()
  await telemetry.close()
}

/** A configuration of models that is wrong keeps no market from clearing: activities then find no model. */
function llmSetup(log: Logger): LlmSetup {
  try {
    return readLlmSetup(process.env)
  } catch (error) {
    if (!(error instanceof LlmConfigError)) throw error
    log.error({ err: error }, 'activities call no models')
    return readLlmConfig('{}', {})
  }
}
