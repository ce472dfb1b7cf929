import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onPath, type ServerPin } from '../../setup/servers.mjs'

type Environment = Record<string, string | undefined>

const BUILD_WAIT_MS = 1_800_000
const OUTPUT_TAIL_CHARS = 800

/**
 * Builds the pinned version of `server` into `folder` with the Go on PATH. Returns the binary's path.
 * Throws when there is no Go, or with Go's last words when the build fails.
 */
export async function buildWithGo(
  server: ServerPin,
  folder: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<string> {
  const [go] = onPath('go', env)
  if (!go) throw new Error('no go on PATH')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(go, ['install', '-trimpath', '-ldflags=-s -w', server.goModule], {
    env: { ...env, GOBIN: folder, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_WAIT_MS,
    // Asked this way Go removes its temporary files.
    killSignal: 'SIGINT',
    ...(signal ? { signal } : {}),
  })
  let output = ''
  child.stderr.on('data', chunk => {
    output = (output + chunk).slice(-OUTPUT_TAIL_CHARS)
  })
  child.on('error', reject)
  child.on('close', (code, signal) => {
    if (code === 0) resolve()
    else
      reject(
        new Error(`go install ${server.goModule} failed (${signal ?? `exit ${code}`}): ${lastLine(output)}`),
      )
  })
  await promise
  return join(folder, server.binary)
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? ''
}
