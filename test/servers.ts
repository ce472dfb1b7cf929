import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stackEnvironment } from '../shared/config/stack-state.ts'
import { migrate } from '../shared/db/migrate.ts'
import { STACK_WORKERS } from '../workers/stack/stack-workers.ts'
import { startStack } from '../workers/stack/start-stack.ts'

/** One stack of real servers, with one of each worker, for the whole integration run; each file makes its own markets. */
export default async function startServers(): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'bourse-test-'))
  const stack = await startStack({
    home,
    migrate,
    workers: STACK_WORKERS.map(worker => ({ ...worker, env: { BOURSE_LOG_LEVEL: 'warn' } })),
    onProgress: text => process.stderr.write(`${text}\n`),
  })
  Object.assign(process.env, stackEnvironment(stack.state, ['operator', 'identity', 'gateway']), {
    BOURSE_TEST_HOME: home,
  })
  void stack.failed.then(({ message }) => process.stderr.write(`${message}\n`))
  return async () => {
    await stack.stop()
    rmSync(home, { recursive: true, force: true })
  }
}
