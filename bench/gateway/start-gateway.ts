import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Bench } from '../row.ts'

const GATEWAY = fileURLToPath(new URL('../../workers/gateway.ts', import.meta.url))

/** Starts a gateway on the bench's servers, and returns what ends it, once it answers. */
export async function startGateway({ environment }: Bench): Promise<() => Promise<void>> {
  const gateway = fork(GATEWAY, {
    env: { ...process.env, ...environment, BOURSE_LOG_LEVEL: 'error' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(gateway, 'message')
  return async () => {
    gateway.kill('SIGTERM')
    await once(gateway, 'exit')
  }
}
