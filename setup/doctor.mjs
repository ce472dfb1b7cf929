import { spawnSync } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { dependenciesInstalled } from './install.mjs'
import { findNode, NODE_AT_LEAST, pinnedNodePath, SETUP_NODE_AT_LEAST } from './node-runtime.mjs'
import { findSandboxTools, sandboxRemedy } from './sandbox.mjs'
import { onPath, SERVERS, searchServer } from './servers.mjs'
import { compareVersions } from './version.mjs'

const DISK_NEEDED_GIB = 2
const MEMORY_NEEDED_GIB = 2
const INSTALL_SECONDS = 30
const GO_AT_LEAST = '1.25.0'
const TRIAL_MS = 5_000
const GIB = 1024 ** 3

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {boolean} ok nothing is left for the user to do
 * @property {boolean} required without it Bourse does not run here
 * @property {string} detail what was found, or what will be done by itself
 * @property {string} remedy what to do when not ok, else empty
 * @property {number} seconds how long what will be done may take, 0 when nothing will be
 */

/**
 * Looks at the machine and the checkout without changing anything. `quick` leaves out what starts programs.
 * @returns {Promise<Check[]>}
 */
export async function checkMachine(checkout, { quick = false, env = process.env } = {}) {
  const checks = [
    checkPlatform(process),
    checkNode(checkout),
    checkDisk(checkout),
    checkMemory(totalmem()),
    checkDependencies(checkout),
  ]
  if (quick) return checks
  const go = findGo(env)
  return [
    ...checks,
    checkServer(SERVERS.temporal, searchServer(SERVERS.temporal, env), go),
    checkServer(SERVERS.nats, searchServer(SERVERS.nats, env), go),
    checkGo(go),
    checkSandbox(env),
  ]
}

/** The checks that keep Bourse from running here. */
export function blockingChecks(checks) {
  return checks.filter(check => check.required && !check.ok)
}

export function checkPlatform({ platform, arch }) {
  const name = 'platform'
  const detail = `${platform} ${arch}`
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return fine(name, detail)
  if (platform === 'darwin') return fine(name, `${detail}; without the sandbox for agents' programs`)
  return failing(name, detail, 'Bourse runs on Linux (x64, arm64) and macOS; on Windows use WSL 2.')
}

function checkNode(checkout) {
  const name = 'node'
  const host = process.versions.node
  if (compareVersions(host, SETUP_NODE_AT_LEAST) < 0) {
    return failing(name, `Node ${host}`, `Install Node ${NODE_AT_LEAST} or newer (https://nodejs.org).`)
  }
  const node = findNode(checkout)
  if (node === process.execPath) return fine(name, `Node ${host}`)
  if (node) return fine(name, `Node ${host} here; Bourse runs under the pinned ${node}`)
  if (pinnedNodeOffered(process) && !dependenciesInstalled(checkout)) {
    return fine(name, `Node ${host} here; a pinned Node 24 will be installed with the dependencies`)
  }
  return failing(
    name,
    `Node ${host}, and no pinned Node at ${pinnedNodePath(checkout)}`,
    `Install Node ${NODE_AT_LEAST} or newer (https://nodejs.org).`,
  )
}

function pinnedNodeOffered({ platform, arch }) {
  return platform === 'linux' && (arch === 'x64' || arch === 'arm64')
}

function checkDisk(checkout) {
  const { bavail, bsize } = statfsSync(checkout)
  const freeGib = (bavail * bsize) / GIB
  const detail = `${freeGib.toFixed(1)} GiB free at ${checkout}`
  if (freeGib >= DISK_NEEDED_GIB) return fine('disk', detail)
  return failing('disk', detail, `Free some space: Bourse needs ${DISK_NEEDED_GIB} GiB.`)
}

export function checkMemory(bytes) {
  const detail = `${(bytes / GIB).toFixed(1)} GiB`
  if (bytes / GIB >= MEMORY_NEEDED_GIB) return fine('memory', detail)
  return { ...failing('memory', detail, `${MEMORY_NEEDED_GIB} GiB are recommended.`), required: false }
}

function checkDependencies(checkout) {
  const name = 'dependencies'
  if (dependenciesInstalled(checkout)) return fine(name, 'installed')
  if (!existsSync(join(checkout, 'package-lock.json'))) {
    return failing(name, 'no package-lock.json', 'Take a complete checkout of Bourse.')
  }
  return planned(name, `npm ci will install them (about ${INSTALL_SECONDS} s)`, INSTALL_SECONDS)
}

/** What is known of one server, given what the search found and whether Go could build it. */
export function checkServer(server, { found, tried }, go) {
  const name = server.binary
  if (found?.kind === 'address') return fine(name, `at the address in ${server.addressVariable}`)
  if (found) return fine(name, `${found.version} at ${found.path}`)
  const building = go.usable ? `, or built with Go when that is refused (${server.buildSeconds} s)` : ''
  const detail = `${tried.join('; ')}; the official release will be downloaded (${server.downloadSeconds} s)${building}`
  return planned(name, detail, go.usable ? server.buildSeconds : server.downloadSeconds)
}

function findGo(env) {
  const [path] = onPath('go', env)
  if (!path) return { usable: false, detail: 'not installed' }
  const answer = spawnSync(path, ['version'], { encoding: 'utf8', timeout: TRIAL_MS, env })
  const version = /go(\d+\.\d+(?:\.\d+)?)/.exec(answer.stdout ?? '')?.[1]
  if (!version) return { usable: false, detail: `${path} does not tell its version` }
  return { usable: compareVersions(version, GO_AT_LEAST) >= 0, detail: `${version} at ${path}` }
}

function checkGo({ usable, detail }) {
  if (usable) return fine('go', detail)
  const remedy = `Only needed when the servers cannot be downloaded: install Go ${GO_AT_LEAST} or newer.`
  return { ...failing('go', detail, remedy), required: false }
}

function checkSandbox(env) {
  const required = env.BOURSE_REQUIRE_SANDBOX === '1'
  const tools = findSandboxTools(env)
  if (tools.missing) {
    return { ...failing('sandbox', `missing: ${tools.missing.join(', ')}`, tools.remedy), required }
  }
  // As a worker does it: a user namespace with a mount in it, and the sandbox in that.
  const { unshare, bwrap } = tools.paths
  const inside = [
    bwrap,
    '--ro-bind',
    '/',
    '/',
    '--unshare-all',
    '--unshare-user',
    '--die-with-parent',
    'true',
  ]
  const trial = spawnSync(unshare, ['--user', '--map-root-user', '--mount', ...inside], {
    encoding: 'utf8',
    timeout: TRIAL_MS,
  })
  if (trial.status === 0) return fine('sandbox', bwrap)
  const reason = (trial.stderr ?? '').trim().split('\n')[0] || `exit ${trial.status}`
  return { ...failing('sandbox', `blocked: ${reason}`, sandboxRemedy()), required }
}

function fine(name, detail) {
  return { name, ok: true, required: true, detail, remedy: '', seconds: 0 }
}

function planned(name, detail, seconds) {
  return { name, ok: true, required: true, detail, remedy: '', seconds }
}

function failing(name, detail, remedy) {
  return { name, ok: false, required: true, detail, remedy, seconds: 0 }
}
