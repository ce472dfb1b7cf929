import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium } from './browser.ts'

/** `npm run test:browser`: finds or installs a browser, then runs the tests that need one. */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
try {
  const chromium = findChromium(text => process.stderr.write(`${text}\n`))
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--config', 'vitest.browser.config.ts', ...process.argv.slice(2)]
  const env = { ...process.env, BOURSE_CHROMIUM: chromium }
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
