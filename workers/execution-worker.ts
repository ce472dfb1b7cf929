import { hostname } from 'node:os'
import { type NativeConnection, Worker, type WorkerInterceptors } from '@temporalio/worker'
import { createExecutionActivities } from '../activities/execution-activities.ts'
import { heartbeating } from '../activities/heartbeating.ts'
import { executionTaskQueue } from '../shared/contracts/workflows.ts'
import type { ExecutionRunner } from '../shared/execution/run-execution.ts'
import type { Sandbox } from '../shared/sandbox/sandbox.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { doRounds } from './do-rounds.ts'
import { createWorkerSandbox } from './worker-sandbox.ts'

/** At most so many programs run on one worker at once; others wait for a place here or elsewhere. */
const MAX_EXECUTIONS = 100
const SHUTDOWN_GRACE = '2 seconds'
const ORPHAN_SWEEP_MS = 5_000

/**
 * A worker that runs agents' programs, or null where no sandbox can be made: then everything else goes on, and the log
 * says what would help. With BOURSE_REQUIRE_SANDBOX=1 that is an error.
 */
export async function createExecutionWorker({
  connection,
  namespace,
  taskQueue,
  log,
  signal,
  interceptors,
  sandbox = createWorkerSandbox(),
  ...runner
}: {
  connection: NativeConnection
  namespace: string
  taskQueue: string
  log: Logger
  signal: AbortSignal
  interceptors: WorkerInterceptors
  sandbox?: Sandbox
} & Pick<ExecutionRunner, 'executions' | 'open' | 'close'>): Promise<Worker | null> {
  const readiness = await sandbox.probe()
  if (!readiness.ready) {
    const { why, detail, remedy } = readiness
    if (process.env.BOURSE_REQUIRE_SANDBOX === '1')
      throw new Error(`The sandbox is ${why}: ${detail}. ${remedy}`)
    log.warn({ why, detail, remedy }, "this worker runs no agents' programs: the sandbox is not ready")
    return null
  }
  log.info({ detail: readiness.detail }, 'the sandbox is ready')
  void endOrphans(sandbox, log, signal)
  return await Worker.create({
    connection,
    namespace,
    taskQueue: executionTaskQueue(taskQueue),
    interceptors,
    activities: heartbeating(
      createExecutionActivities({ ...runner, sandbox, worker: `${hostname()}/${process.pid}` }),
    ),
    maxConcurrentActivityTaskExecutions: MAX_EXECUTIONS,
    shutdownGraceTime: SHUTDOWN_GRACE,
  })
}

/** Until `signal` aborts, kills what workers of this machine that are gone or frozen left running. */
function endOrphans(sandbox: Sandbox, log: Logger, signal: AbortSignal): Promise<void> {
  return doRounds(
    {
      async round() {
        for (const id of await sandbox.endOrphans()) log.warn({ lease: id }, 'an orphaned sandbox was ended')
        return ORPHAN_SWEEP_MS
      },
      trouble: 'orphaned sandboxes could not be looked for',
      afterTroubleMs: ORPHAN_SWEEP_MS,
      log,
    },
    signal,
  )
}
