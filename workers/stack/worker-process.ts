import type { Duty } from '../../shared/config/stack-state.ts'
import { logFile } from './home.ts'
import type { Part, PartSpec } from './part.ts'

const STOP_WAIT_MS = 15_000

/** A process of Bourse's own that the stack runs: the script says `process.send?.('ready')` when it is. */
export interface WorkerSpec {
  name: string
  script: string
  /** What it is for, beside what every worker does: decides which credentials it gets. */
  duties?: readonly Duty[]
  env?: Record<string, string>
}

/** Says how to start a worker under the Node this process runs under. */
export function prepareWorker(home: string, worker: WorkerSpec, addresses: Record<string, string>): PartSpec {
  return {
    name: worker.name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', worker.script],
    env: { ...process.env, ...addresses, BOURSE_HOME: home, ...worker.env },
    log: logFile(home, worker.name),
    stopSignal: 'SIGTERM',
    stopWaitMs: STOP_WAIT_MS,
    channel: true,
  }
}

/** A probe that is true once the worker has said that it is ready. */
export function workerReadiness(part: Part): () => Promise<boolean> {
  let ready = false
  part.child.on('message', message => {
    ready ||= message === 'ready'
  })
  return async () => ready
}
