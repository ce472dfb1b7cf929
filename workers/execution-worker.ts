import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type NativeConnection, Worker, type WorkerInterceptors } from '@temporalio/worker'
import { createExecutionActivities } from '../activities/execution-activities.ts'
import { heartbeating } from '../activities/heartbeating.ts'
import { cacheDir } from '../setup/servers.mjs'
import { stackHome } from '../shared/config/stack-state.ts'
import { executionTaskQueue } from '../shared/contracts/workflows.ts'
import type { ExecutionRunner } from '../shared/execution/run-execution.ts'
import { createSandbox } from '../shared/sandbox/create-sandbox.ts'
import { nodePackages } from '../shared/sandbox/node-packages.ts'
import { sandboxRoot } from '../shared/sandbox/run-records.ts'
import type { Sandbox } from '../shared/sandbox/sandbox.ts'
import type { Logger } from '../shared/telemetry/log.ts'

const checkout = fileURLToPath(new URL('../', import.meta.url))
/** Stock clients that programs find without bringing them. */
const NODE_PACKAGES = ['nats', 'openai']
/** At most so many programs run on one worker at once; others wait for a place here or elsewhere. */
const MAX_EXECUTIONS = 100
const SHUTDOWN_GRACE = '2 seconds'
const ORPHAN_SWEEP_MS = 5_000

/** The sandbox of this machine, as workers use it: with stock clients, and without a sight of Bourse. */
export function createWorkerSandbox(): Sandbox {
  const python = join(cacheDir(), 'python-packages')
  return createSandbox({
    root: sandboxRoot(),
    libraries: {
      node: nodePackages(join(checkout, 'node_modules'), NODE_PACKAGES),
      python: existsSync(python) ? python : null,
    },
    hidden: [checkout, stackHome(), cacheDir()],
  })
}

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
async function endOrphans(sandbox: Sandbox, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const id of await sandbox.endOrphans()) log.warn({ lease: id }, 'an orphaned sandbox was ended')
    } catch (error) {
      log.warn({ err: error }, 'orphaned sandboxes could not be looked for')
    }
    await delay(ORPHAN_SWEEP_MS, undefined, { signal }).catch(() => {})
  }
}
