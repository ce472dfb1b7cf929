import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Workers of one task queue that a test starts, stops and kills; `env` is read at each start. */
export function workerFleet(taskQueue: string, env: Record<string, string> = {}) {
  const running = new Set<ChildProcess>()
  return {
    /** Starts a worker and waits until it polls. */
    async start(script = '../../workers/market-worker.ts'): Promise<ChildProcess> {
      const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
        env: { ...process.env, BOURSE_TASK_QUEUE: taskQueue, BOURSE_LOG_LEVEL: 'error', ...env },
        execArgv: [],
      })
      running.add(child)
      child.once('exit', () => running.delete(child))
      await heard(child, 'ready')
      return child
    },
    /** Asks a worker to stop, as a roll-out does, and answers its exit code. */
    async stop(child: ChildProcess): Promise<number | null> {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
    async stopAll(): Promise<void> {
      await Promise.all([...running].map(child => this.stop(child)))
    },
  }
}

/** Waits until a worker says this. */
export async function heard(child: ChildProcess, word: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.on('message', message => {
    if (message === word) resolve()
  })
  child.once('exit', code => reject(new Error(`the worker ended with ${code} before it said ${word}`)))
  await promise
}
