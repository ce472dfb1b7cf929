import { type NativeConnection, Worker, type WorkerInterceptors } from '@temporalio/worker'
import { Registry } from 'prom-client'
import { createBenchmarkActivities } from '../../activities/benchmark-activities.ts'
import { heartbeating } from '../../activities/heartbeating.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { createBenchmarkRuns } from '../../shared/benchmark/benchmark-runs.ts'
import type { TrialParts } from '../../shared/benchmark/trial-parts.ts'
import { collect } from '../../shared/bus/collect.ts'
import { collectAll } from '../../shared/bus/collect-all.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import type { BourseEnvironment } from '../../shared/config/environment.ts'
import { benchmarkTaskQueue } from '../../shared/contracts/workflows.ts'
import { giveTask } from '../../shared/db/agents/agent-tasks.ts'
import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import { giveWorkspace, readLastProposed, readWorkspace } from '../../shared/db/executions/code-workspaces.ts'
import { listAgentLeases, listLeases } from '../../shared/db/leases/list-leases.ts'
import { createPostgresLedger } from '../../shared/db/ledger/postgres-ledger.ts'
import { hasOpenBusiness, readModelCost } from '../../shared/db/llm/model-usage.ts'
import type { Database } from '../../shared/db/pool.ts'
import { postPrices } from '../../shared/db/prices/post-prices.ts'
import { sendMessage } from '../../shared/db/services/messages.ts'
import { createPostgresServices } from '../../shared/db/services/postgres-services.ts'
import { tellOnce, wasTold } from '../../shared/db/tell-once.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import { draftEvent } from '../../shared/events/draft.ts'
import type { ServerAddress } from '../../shared/execution/lease-access.ts'
import type { LlmSetup } from '../../shared/llm/llm-config.ts'
import type { Telemetry } from '../../shared/telemetry/start-telemetry.ts'
import { natsAddressOf, proxyAddressOf } from '../lease-access.ts'
import { type LlmCore, startLlmCore } from '../llm-core.ts'
import { createWorkerSandbox } from '../worker-sandbox.ts'
import { readAgentFile, readScenarioFolder, SCENARIO_FOLDER } from './catalogue.ts'
import { createBenchmarkModels } from './models.ts'
import { startScriptedModels } from './scripted-models.ts'
import { createAgentStarter } from './start-agent.ts'

/** Trials have slots of their own: as many agents run on one worker at once. */
const MAX_ACTIVITIES = 40
/** An agent under test has fewer leases at once. */
const MAX_LEASES_REVOKED = 1_000
const SHUTDOWN_GRACE = '5 seconds'
/** A stream that does not hold what Postgres wrote within this time is our side's failure. */
const COLLECT_MS_MAX = 60_000

type Hint = (marketId: string) => Promise<void>

/** A worker for the steps of trials and suites. Close what it started when it is over. */
export async function createBenchmarkWorker(parts: {
  connection: NativeConnection
  environment: BourseEnvironment
  interceptors: WorkerInterceptors
  db: Database
  bus: Bus
  economy: Economy
  hint: Hint
  llm: LlmCore
  /** Whether that core serves any model. */
  hasModels: boolean
  llmDb: Database
  telemetry: Pick<Telemetry, 'log' | 'metrics'>
}): Promise<{ worker: Worker; close(): Promise<void> }> {
  const { connection, environment, db, hint, economy } = parts
  const trials = trialParts(parts)
  const models = createBenchmarkModels({
    db,
    economy,
    complete: parts.llm.complete,
    closing: trials,
    startCore: (setup: LlmSetup) =>
      startLlmCore(parts.llmDb, setup, { ...parts.telemetry, metrics: new Registry() }, hint),
  })
  let scripted: ReturnType<typeof startScriptedModels> | undefined
  async function modelsOfAgents(): Promise<ServerAddress | null> {
    if (parts.hasModels) return proxyAddressOf(environment)
    scripted ??= startScriptedModels({ db: parts.llmDb, hint, telemetry: parts.telemetry })
    return (await scripted).address
  }

  const runs = createBenchmarkRuns({
    trials,
    store: createPostgresRuns(db),
    startAgent: createAgentStarter({
      natsServers: environment.nats.servers,
      nats: natsAddressOf(environment),
      llm: modelsOfAgents,
      models,
      sandbox: createWorkerSandbox(),
    }),
    catalogue: {
      scenarios: async () => readScenarioFolder(SCENARIO_FOLDER),
      agent: async name => readAgentFile(name),
    },
    judges: {
      askJudgeOf: (runId, onCost) => async (request, signal) => {
        const answer = await models.ask({ runId, who: 'judge', body: request, signal })
        onCost(answer.costMicro)
        return answer.message.content ?? ''
      },
      tellJudged: (marketId, key, { refused, evaluation }) =>
        tellOnce(db, hint, { marketId, key }, async (_client, operation) => {
          const context = { correlationId: operation }
          return [
            ...refused.map(one => draftEvent(operation, 'judge_reply_refused', one, context)),
            ...(evaluation === null ? [] : [draftEvent(operation, 'judge_evaluation', evaluation, context)]),
          ]
        }),
    },
    closeModels: runId => models.closeMarkets(runId),
    secret: async () => {
      const { rows } = await db.query('select event_key from installation')
      return String(rows[0]?.event_key ?? '')
    },
    version: packageFile.version,
  })
  const worker = await Worker.create({
    connection,
    namespace: environment.temporal.namespace,
    taskQueue: benchmarkTaskQueue(environment.temporal.taskQueue),
    interceptors: parts.interceptors,
    activities: heartbeating(createBenchmarkActivities(runs)),
    maxConcurrentActivityTaskExecutions: MAX_ACTIVITIES,
    shutdownGraceTime: SHUTDOWN_GRACE,
  })
  return {
    worker,
    async close() {
      await models.close()
      await (await scripted)?.close()
    },
  }
}

function trialParts({
  db,
  bus,
  economy,
  hint,
}: {
  db: Database
  bus: Bus
  economy: Economy
  hint: Hint
}): TrialParts {
  const outbox = createPostgresOutbox(db)
  return {
    economy,
    ledger: createPostgresLedger(db, hint),
    services: createPostgresServices(db, hint),
    identity: createPostgresIdentity(db, hint),
    sendMessage: message => sendMessage(db, hint, message),
    postPrices: posted => postPrices(db, hint, posted),
    giveTask: (marketId, agent, task, deadlineSeconds) =>
      giveTask(db, { marketId, agent }, task, deadlineSeconds),
    giveWorkspace: (marketId, agent, workspace, handedOn) =>
      giveWorkspace(db, { marketId, agent }, workspace, handedOn),
    readFiles: async (marketId, agent) => {
      const read = await readWorkspace(db, { marketId, agent })
      return read.ok ? read.workspace.files : null
    },
    readProposed: (marketId, agent) => readLastProposed(db, { marketId, agent }),
    async listActiveLeases(marketId, agent) {
      const page = await listAgentLeases(db, marketId, agent, MAX_LEASES_REVOKED, { ended: false })
      return page?.items.map(({ leaseId }) => leaseId) ?? []
    },
    async listLeases(marketId, limit) {
      const leases = await listLeases(db, marketId, limit)
      return leases.map(({ leaseId }) => leaseId)
    },
    readModelCost: marketId => readModelCost(db, marketId),
    wasTold: (marketId, key) => wasTold(db, marketId, key),
    readLastSeq: marketId => outbox.readLastSeq(marketId),
    async collect(marketId, untilSeq) {
      // A hint that was lost must not keep a publisher away.
      await hint(marketId)
      return await collectAll(bus, marketId, { untilSeq, waitMs: COLLECT_MS_MAX })
    },
    follow: (marketId, afterSeq, signal) =>
      collect({ bus, marketId, fromSeq: afterSeq + 1, follow: true, signal }),
    hasOpenBusiness: (marketId, agent) => hasOpenBusiness(db, marketId, agent),
  }
}
