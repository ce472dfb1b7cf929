import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The checks of `npm test`, cheapest first; all run, and the exit code is 1 when one failed. */
const CHECKS: [name: string, script: string, ...args: string[]][] = [
  ['format and lint', program('@biomejs/biome', 'biome'), 'check', '--error-on-warnings', '.'],
  ['types', program('typescript', 'tsc'), '--noEmit'],
  [
    'import directions',
    program('dependency-cruiser', 'depcruise'),
    '--config',
    '.dependency-cruiser.cjs',
    ...['shared', 'workflows', 'activities', 'workers', 'cli', 'agents', 'setup', 'bench', 'faults'].filter(
      folder => existsSync(join(root, folder)),
    ),
  ],
  ['tests', program('vitest', 'vitest'), 'run', ...process.argv.slice(2)],
]

/** The script behind a package's command, to be run by this very Node. */
function program(packageName: string, command: string): string {
  const manifest = join(root, 'node_modules', packageName, 'package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
  return resolve(dirname(manifest), typeof bin === 'string' ? bin : bin[command])
}

async function runs(name: string, script: string, args: string[]): Promise<boolean> {
  const startedAt = Date.now()
  process.stdout.write(`\n== ${name}\n`)
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  const code = await new Promise(resolveExit => child.once('exit', resolveExit))
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0)
  process.stdout.write(`== ${name}: ${code === 0 ? 'passed' : 'FAILED'} after ${seconds} s\n`)
  return code === 0
}

const failed: string[] = []
for (const [name, script, ...args] of CHECKS) {
  if (!(await runs(name, script, args))) failed.push(name)
}
process.stdout.write(`\n${CHECKS.length - failed.length} passed, ${failed.length} failed\n`)
if (failed.length > 0) {
  process.stdout.write(`failed: ${failed.join(', ')}\n`)
  process.exitCode = 1
}
