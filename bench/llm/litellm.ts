import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { BENCH_MODEL, type Served } from './processes.ts'

const run = promisify(execFile)
const LITELLM_VERSION = '1.106.2'
const INSTALL_MS_MAX = 600_000
const START_MS_MAX = 120_000
const START_POLL_MS = 500

/**
 * LiteLLM's proxy from PyPI in front of an upstream, as it comes: no database, no budgets. It is installed into the
 * user's cache at its first use. Null with a reason when it cannot be installed or does not start.
 */
export async function startLiteLlm(upstream: string): Promise<{ served: Served | null; note: string }> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'bourse', `litellm-${LITELLM_VERSION}`)
  const program = join(folder, 'bin', 'litellm')
  if (!existsSync(program)) {
    try {
      await run('python3', ['-m', 'venv', folder])
      const wanted = `litellm[proxy]==${LITELLM_VERSION}`
      await run(join(folder, 'bin', 'pip'), ['install', '--quiet', wanted], { timeout: INSTALL_MS_MAX })
    } catch {
      rmSync(folder, { recursive: true, force: true })
      return { served: null, note: 'LiteLLM could not be installed' }
    }
  }
  const place = mkdtempSync(join(tmpdir(), 'bourse-litellm-'))
  const config = join(place, 'config.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      model_list: [
        {
          model_name: BENCH_MODEL,
          litellm_params: { model: `openai/${BENCH_MODEL}`, api_base: upstream, api_key: 'none' },
        },
      ],
    }),
  )
  const port = await freePort()
  const child = spawn(program, ['--config', config, '--port', String(port), '--host', '127.0.0.1'], {
    cwd: place,
    env: {
      ...process.env,
      LITELLM_LOG: 'ERROR',
      LITELLM_TELEMETRY: 'False',
      // It listens on this machine alone for as long as it is measured, and callers bring keys it does not know.
      LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true',
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    },
    stdio: 'ignore',
  })
  const end = async () => {
    child.kill('SIGKILL')
    rmSync(place, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}/v1`
  const deadlineMs = performance.now() + START_MS_MAX
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const isUp = await fetch(`http://127.0.0.1:${port}/health/liveliness`).then(
      answer => answer.ok,
      () => false,
    )
    if (isUp) return { served: { url, residentBytes: () => 0, end }, note: `LiteLLM ${LITELLM_VERSION}` }
    await pause(START_POLL_MS)
  }
  await end()
  return { served: null, note: 'LiteLLM did not start' }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
