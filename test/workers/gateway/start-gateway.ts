import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readStackState, stackEnvironment } from '../../../shared/config/stack-state.ts'

const GATEWAY = fileURLToPath(new URL('../../../workers/gateway.ts', import.meta.url))

/** Starts one more gateway on the running servers, and returns it once it answers. */
export async function startGateway(): Promise<ChildProcess> {
  const state = readStackState(process.env.BOURSE_TEST_HOME ?? '')
  if (state === undefined) throw new Error('no stack is up for this test')
  const gateway = fork(GATEWAY, {
    env: { ...process.env, ...stackEnvironment(state, ['gateway']), BOURSE_LOG_LEVEL: 'fatal' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await Promise.race([
    once(gateway, 'message'),
    once(gateway, 'exit').then(([code]) => Promise.reject(new Error(`the gateway ended with ${code}`))),
  ])
  return gateway
}
