import { spawnSync } from 'node:child_process'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findSandboxTools, SANDBOX_TOOLS } from './sandbox.mjs'
import { cacheDir, onPath } from './servers.mjs'

const INSTALL_MS_MAX = 180_000
/** An installation that failed is not tried again for this long: commands are not to wait for it each time. */
const TRY_AGAIN_MS = 24 * 3600 * 1000
const APT_OPTIONS = ['-y', '-q', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=10']

/**
 * Installs what the sandbox needs and this machine lacks, when that can be done by the system's package manager: as
 * root, on a system with apt. Says what it does by `say`, and nothing when there is nothing to do. What cannot be
 * installed is no failure: all but agents' own programs works without.
 */
export function ensureSandboxTools({ env = process.env, user = process.getuid?.(), say = tellUser } = {}) {
  const tools = findSandboxTools(env)
  if (!tools.missing || user !== 0) return
  const packages = [...new Set(tools.missing.map(tool => SANDBOX_TOOLS[tool]))]
  const [apt] = onPath('apt-get', env)
  if (!apt || packages.includes(undefined)) return
  const stamp = join(cacheDir(env), 'sandbox-not-installed')
  if (Date.now() - (modifiedMs(stamp) ?? 0) < TRY_AGAIN_MS) return
  say(`installing ${packages.join(' and ')} for agents' programs (apt-get, as root)`)
  const install = [...APT_OPTIONS, '--no-install-recommends', 'install', ...packages]
  const done = run(apt, install, env) || (run(apt, [...APT_OPTIONS, 'update'], env) && run(apt, install, env))
  if (done) return
  say(`that failed; without ${packages.join(' and ')} everything but agents' own programs works`)
  mkdirSync(cacheDir(env), { recursive: true })
  writeFileSync(stamp, '')
}

function run(apt, args, env) {
  const answer = spawnSync(apt, args, {
    stdio: 'ignore',
    timeout: INSTALL_MS_MAX,
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return answer.status === 0
}

function modifiedMs(path) {
  try {
    return statSync(path).mtimeMs
  } catch {
    return undefined
  }
}

function tellUser(text) {
  process.stderr.write(`${text}\n`)
}
