import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { versionWithin } from './version.mjs'

const VERSION_ANSWER_MS = 10_000

/**
 * The two servers npm does not bring: which versions will do, and where the pinned one comes from.
 * `versionPattern` finds the version that counts in what `binary --version` prints.
 */
export const SERVERS = {
  nats: {
    title: 'NATS server',
    binary: 'nats-server',
    pinned: '2.12.7',
    range: { atLeast: '2.12.7', below: '2.13.0' },
    versionPattern: /v?(\d+\.\d+\.\d+)/,
    addressVariable: 'BOURSE_NATS_URL',
    repository: 'nats-io/nats-server',
    archive: (platform, arch) => `nats-server-v2.12.7-${platform}-${arch}.tar.gz`,
    checksums: 'SHA256SUMS',
    goModule: 'github.com/nats-io/nats-server/v2@v2.12.7',
    downloadSeconds: 10,
    buildSeconds: 15,
  },
  temporal: {
    title: 'Temporal server',
    binary: 'temporal',
    pinned: '1.5.1',
    // The command has a version of its own; what matters is the server inside it.
    range: { atLeast: '1.29.1' },
    versionPattern: /Server (\d+\.\d+\.\d+)/,
    addressVariable: 'BOURSE_TEMPORAL_ADDRESS',
    repository: 'temporalio/cli',
    archive: (platform, arch) => `temporal_cli_1.5.1_${platform}_${arch}.tar.gz`,
    checksums: 'checksums.txt',
    goModule: 'github.com/temporalio/cli/cmd/temporal@v1.5.1',
    downloadSeconds: 30,
    buildSeconds: 150,
  },
}

/** The user's cache folder for Bourse. */
export function cacheDir(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'bourse')
}

/** Where the pinned binary of `server` is kept in the cache, whether it is there or not. */
export function cachedBinary(server, env = process.env) {
  return join(cacheDir(env), `${server.binary}-${server.pinned}`, server.binary)
}

/** Every executable file called `name` in the folders of PATH, in their order. */
export function onPath(name, env = process.env) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .filter(isExecutable)
}

/** The version that counts in what a server's `--version` printed, or undefined. */
export function versionIn(server, output) {
  return server.versionPattern.exec(output)?.[1]
}

/**
 * Asks the binary at `path` for its version.
 * Returns `{ ok, version, problem }`: ok when the version will do, else what is wrong with it.
 */
export function judgeBinary(server, path) {
  const answer = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: VERSION_ANSWER_MS })
  const version = versionIn(server, `${answer.stdout ?? ''}${answer.stderr ?? ''}`)
  if (!version) return { ok: false, problem: `${path} does not tell its version` }
  if (versionWithin(version, server.range)) return { ok: true, version }
  return { ok: false, version, problem: `${path} is ${version}; wanted ${rangeText(server.range)}` }
}

/** A range of versions in words. */
export function rangeText({ atLeast, below }) {
  return below ? `${atLeast} or newer, older than ${below}` : `${atLeast} or newer`
}

/**
 * Looks for `server` without obtaining it: an address in the environment, PATH, the cache.
 * Returns `{ found, tried }`; found is `{ kind: 'address', address }`, `{ kind: 'binary', path, version, from }`
 * or undefined, and tried has a line for each place that did not serve.
 */
export function searchServer(server, env = process.env) {
  const address = env[server.addressVariable]
  if (address) return { found: { kind: 'address', address }, tried: [] }
  const tried = [`${server.addressVariable} is not set`]
  const candidates = onPath(server.binary, env).map(path => ({ path, from: 'PATH' }))
  if (candidates.length === 0) tried.push(`no ${server.binary} on PATH`)
  const cached = cachedBinary(server, env)
  if (isExecutable(cached)) candidates.push({ path: cached, from: 'cache' })
  for (const { path, from } of candidates) {
    const verdict = judgeBinary(server, path)
    if (verdict.ok) return { found: { kind: 'binary', path, version: verdict.version, from }, tried }
    tried.push(verdict.problem)
  }
  if (!isExecutable(cached)) tried.push(`nothing in the cache at ${cached}`)
  return { found: undefined, tried }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
