import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Bench } from '../row.ts'

/** Starts one of Bourse's processes on the bench's servers, and returns what ends it, once it is ready. */
export async function startWorker(
  { environment }: Bench,
  name: 'gateway' | 'identity',
): Promise<() => Promise<void>> {
  const worker = fork(fileURLToPath(new URL(`../../workers/${name}.ts`, import.meta.url)), {
    env: { ...process.env, ...environment, BOURSE_LOG_LEVEL: 'error' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(worker, 'message')
  return async () => {
    worker.kill('SIGTERM')
    await once(worker, 'exit')
  }
}
