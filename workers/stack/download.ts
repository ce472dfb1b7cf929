import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, readFile, rename } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar'
import type { ServerPin } from '../../setup/servers.mjs'

type Environment = Record<string, string | undefined>

const RELEASES_URL = 'https://github.com'
const REDIRECTS_MAX = 5
const ANSWER_WAIT_MS = 5_000
const SILENCE_MAX_MS = 15_000
const CHECKSUMS_BYTES_MAX = 1_000_000
const ARCHIVE_BYTES_MAX = 500_000_000

/** Where the pinned release of `server` is published; BOURSE_RELEASES_URL stands in for https://github.com. */
export function releaseUrl(server: ServerPin, file: string, env: Environment): string {
  const base = (env.BOURSE_RELEASES_URL || RELEASES_URL).replace(/\/+$/, '')
  return `${base}/${server.repository}/releases/download/v${server.pinned}/${file}`
}

/** The name that release archives have for this machine's kind. */
export function releaseArch(nodeArch: string): string {
  return nodeArch === 'x64' ? 'amd64' : nodeArch
}

/** The checksum that a release's checksum file gives for `file`, or undefined. */
export function checksumFor(checksums: string, file: string): string | undefined {
  const line = checksums.split('\n').find(entry => entry.trim().replace(/^\S+\s+\*?/, '') === file)
  return line?.trim().split(/\s+/)[0]?.toLowerCase()
}

/**
 * Downloads the pinned release of `server` into `folder`, checks the archive against the release's checksum
 * file and unpacks the binary. Goes through HTTPS_PROXY when that is set. Returns the binary's path.
 * Throws when the release page refuses or does not answer within seconds, and when the checksum differs.
 */
export async function downloadRelease(server: ServerPin, folder: string, env: Environment): Promise<string> {
  const archive = server.archive(process.platform, releaseArch(process.arch))
  const checksumsFile = join(folder, server.checksums)
  await save(releaseUrl(server, server.checksums, env), checksumsFile, CHECKSUMS_BYTES_MAX, env)
  const expected = checksumFor(await readFile(checksumsFile, 'utf8'), archive)
  if (!expected) throw new Error(`the release's ${server.checksums} does not list ${archive}`)

  const archiveFile = join(folder, archive)
  await save(releaseUrl(server, archive, env), archiveFile, ARCHIVE_BYTES_MAX, env)
  const actual = await sha256(archiveFile)
  if (actual !== expected) {
    throw new Error(`${archive} has the checksum ${actual}, its release says ${expected}; not used`)
  }
  return unpackBinary(server, archiveFile, folder)
}

async function unpackBinary(server: ServerPin, archiveFile: string, folder: string): Promise<string> {
  let entryPath: string | undefined
  await extract({
    file: archiveFile,
    cwd: folder,
    filter: (path, entry) => {
      const wanted = basename(path) === server.binary && 'type' in entry && entry.type === 'File'
      if (wanted) entryPath = path
      return wanted
    },
  })
  if (!entryPath) throw new Error(`${basename(archiveFile)} holds no ${server.binary}`)
  const binary = join(folder, server.binary)
  if (join(folder, entryPath) !== binary) await rename(join(folder, entryPath), binary)
  await chmod(binary, 0o755)
  return binary
}

async function save(url: string, file: string, bytesMax: number, env: Environment): Promise<void> {
  const response = await get(url, env, REDIRECTS_MAX)
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) response.destroy(new Error(`${url} is larger than ${bytesMax} bytes`))
  })
  await pipeline(response, createWriteStream(file))
}

function get(url: string, env: Environment, redirectsLeft: number): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>()
  const client = url.startsWith('https:') ? https : http
  const agent = new client.Agent({ proxyEnv: proxyVariables(env) })
  const request = client.get(url, { agent }, response => {
    clearTimeout(answerTimer)
    response.setTimeout(SILENCE_MAX_MS, () => response.destroy(new Error(`${url} stopped sending`)))
    resolve(response)
  })
  const answerTimer = setTimeout(
    () => request.destroy(new Error(`no answer within ${ANSWER_WAIT_MS / 1000} s`)),
    ANSWER_WAIT_MS,
  )
  request.on('error', error => {
    clearTimeout(answerTimer)
    reject(new Error(`${url}: ${error.message || (error as NodeJS.ErrnoException).code || 'refused'}`))
  })
  return promise.then(response => follow(response, url, env, redirectsLeft))
}

function follow(
  response: http.IncomingMessage,
  url: string,
  env: Environment,
  redirectsLeft: number,
): http.IncomingMessage | Promise<http.IncomingMessage> {
  const status = response.statusCode ?? 0
  const { location } = response.headers
  if (status === 200) return response
  response.destroy()
  if (status < 300 || status >= 400 || !location) throw new Error(`${url} answered ${status}`)
  if (redirectsLeft === 0) throw new Error(`${url} redirects too often`)
  return get(new URL(location, url).href, env, redirectsLeft - 1)
}

function proxyVariables(env: Environment): NodeJS.ProcessEnv {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']
  return Object.fromEntries(names.filter(name => env[name]).map(name => [name, env[name]]))
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
