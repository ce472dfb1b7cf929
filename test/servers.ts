import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stackEnvironment } from '../shared/config/stack-state.ts'
import { migrate } from '../shared/db/migrate.ts'
import { startStack } from '../workers/stack/start-stack.ts'

const marketWorker = fileURLToPath(new URL('../workers/market-worker.ts', import.meta.url))

/** One stack of real servers, with one market worker, for the whole integration run; each file makes its own markets. */
export default async function startServers(): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'bourse-test-'))
  const stack = await startStack({
    home,
    migrate,
    workers: [{ name: 'market-worker', script: marketWorker, env: { BOURSE_LOG_LEVEL: 'warn' } }],
    onProgress: text => process.stderr.write(`${text}\n`),
  })
  Object.assign(process.env, stackEnvironment(stack.state), { BOURSE_TEST_HOME: home })
  void stack.failed.then(({ message }) => process.stderr.write(`${message}\n`))
  return async () => {
    await stack.stop()
    rmSync(home, { recursive: true, force: true })
  }
}
