import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { waitForLock } from '../../setup/lock.mjs'
import {
  cacheDir,
  cachedBinary,
  type FoundServer,
  judgeBinary,
  type ServerPin,
  searchServer,
} from '../../setup/servers.mjs'
import { downloadRelease } from './download.ts'
import { buildWithGo } from './go-build.ts'
import { StackError } from './stack-error.ts'

type Environment = Record<string, string | undefined>

const OBTAIN_WAIT_MS = 2_400_000

export interface Asking {
  env: Environment
  onProgress: (text: string) => void
  signal?: AbortSignal
  steps?: Step[]
}

/** One way to obtain a server's binary: puts it into a folder and returns its path, or throws why not. */
export interface Step {
  title: string
  obtain: (server: ServerPin, folder: string, env: Environment, signal?: AbortSignal) => Promise<string>
}

const STEPS: Step[] = [
  { title: 'official download', obtain: downloadRelease },
  { title: 'go install', obtain: buildWithGo },
]

/**
 * Finds a server or obtains it: the address in the environment, PATH, the cache, the official download, a build
 * with Go. What was obtained stays in the cache, so that the next time needs no network; of two processes that
 * want the same server one obtains it and the other waits.
 * Throws a StackError that lists everything tried when nothing works.
 */
export async function obtainServer(server: ServerPin, options: Asking): Promise<FoundServer> {
  const { env, onProgress } = options
  const atOnce = searchServer(server, env).found
  if (atOnce) return atOnce
  const release = await waitForLock(join(cacheDir(env), `${server.binary}-${server.pinned}.lock`), {
    waitMs: OBTAIN_WAIT_MS,
    onWait: holder => onProgress(`${server.title}: waiting for process ${holder.pid}, which is obtaining it`),
  })
  try {
    const { found, tried } = searchServer(server, env)
    return found ?? (await climb(server, tried, options))
  } finally {
    release()
  }
}

async function climb(
  server: ServerPin,
  tried: string[],
  { env, onProgress, signal, steps = STEPS }: Asking,
): Promise<FoundServer> {
  const problems = [...tried]
  await removeHalfObtained(server, env)
  for (const step of steps) {
    onProgress(`${server.title} ${server.pinned}: ${step.title}${expectation(server, step)}`)
    try {
      return await intoCache(server, step, env, signal)
    } catch (error) {
      problems.push(
        `${step.title}: ${signal?.aborted && isAbort(error) ? 'given up' : (error as Error).message}`,
      )
    }
  }
  throw new StackError(server.binary, nothingWorked(server, problems))
}

// Obtained beside its final place and moved there whole: a binary in the cache is never half a binary.
async function intoCache(
  server: ServerPin,
  step: Step,
  env: Environment,
  signal?: AbortSignal,
): Promise<FoundServer> {
  const target = cachedBinary(server, env)
  await mkdir(dirname(target), { recursive: true })
  const folder = await mkdtemp(join(cacheDir(env), `${server.binary}-obtaining-`))
  try {
    const binary = await step.obtain(server, folder, env, signal)
    const verdict = judgeBinary(server, binary)
    if (!verdict.ok) throw new Error(verdict.problem)
    await rename(binary, target)
    return { kind: 'binary', path: target, version: verdict.version, from: step.title }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

// Called under the lock: whoever was obtaining in such a folder is gone.
async function removeHalfObtained(server: ServerPin, env: Environment): Promise<void> {
  const names = await readdir(cacheDir(env))
  const halves = names.filter(name => name.startsWith(`${server.binary}-obtaining-`))
  await Promise.all(halves.map(name => rm(join(cacheDir(env), name), { recursive: true, force: true })))
}

function isAbort(error: unknown): boolean {
  return (error as Error).name === 'AbortError'
}

function expectation(server: ServerPin, step: Step): string {
  return step.obtain === buildWithGo ? ` (about ${server.buildSeconds} s)` : ''
}

/** The message for somebody whose machine has no way to a server. */
export function nothingWorked(server: ServerPin, problems: string[]): string {
  return [
    `The ${server.title} could not be found or obtained. Tried:`,
    ...problems.map(problem => `  - ${problem}`),
    'Any one of these helps:',
    `  - let this machine reach https://github.com (HTTPS_PROXY is used when set)`,
    `  - install Go 1.25 or newer and let it reach a Go module proxy`,
    `  - put ${server.binary} ${server.pinned} on PATH (https://github.com/${server.repository}/releases)`,
    `  - set ${server.addressVariable} to a server that is running`,
  ].join('\n')
}
