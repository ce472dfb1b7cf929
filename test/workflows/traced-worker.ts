import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A market worker in a process of its own that sends its traces somewhere. */
export async function startTracedWorker(env: Record<string, string>): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('../../workers/market-worker.ts', import.meta.url)), {
    env: { ...process.env, BOURSE_LOG_LEVEL: 'warn', OTEL_BSP_SCHEDULE_DELAY: '200', ...env },
    execArgv: [],
  })
  await once(child, 'message')
  return child
}

/** Asks a process to end and waits until it has. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
