import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export const KEY = 'sk-test-0123456789abcdef'
const script = fileURLToPath(new URL('../../../workers/llm-proxy.ts', import.meta.url))

export interface ProxyProcess {
  /** The base URL for clients. */
  url: string
  child: ChildProcess
  /** Everything it logged, once it has ended. */
  log: Promise<string>
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const started: ProxyProcess[] = []
afterAll(async () => {
  await Promise.all(started.map(proxy => proxy.end('SIGKILL')))
})

/** A configuration file's content: upstreams `first`, `second`, ... at these addresses serve `small`; pauses between attempts are short. */
export function configOf(baseUrls: readonly string[], more: object = {}): object {
  return {
    upstreams: baseUrls.map((baseUrl, place) => ({
      name: ['first', 'second', 'third'][place],
      baseUrl,
      keyVariable: 'TEST_UPSTREAM_KEY',
      timeouts: { connectMs: 10_000, firstTokenMs: 20_000, idleMs: 20_000, totalMs: 30_000 },
      models: [
        { name: 'small', contextTokens: 8_000, maxOutputTokens: 1_000, price: { input: 1, output: 2 } },
      ],
    })),
    retry: { attemptsPerUpstream: 2, firstDelayMs: 10, maxDelayMs: 50, totalMs: 3_000 },
    circuit: { failureRatio: 0.5, windowSeconds: 30, minimumCalls: 4, openSeconds: 60 },
    ...more,
  }
}

/** An LLM proxy as a process of its own on the database at `postgresUrl`; it ends with the test file. */
export async function startProxy(
  postgresUrl: string,
  config: object,
  env: Record<string, string> = {},
): Promise<ProxyProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'bourse-llm-'))
  const file = join(folder, 'llm.json')
  writeFileSync(file, JSON.stringify(config))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    env: {
      ...process.env,
      BOURSE_POSTGRES_URL: postgresUrl,
      BOURSE_LLM_CONFIG: file,
      BOURSE_LLM_PORT: '0',
      BOURSE_LOG_FORMAT: 'json',
      TEST_UPSTREAM_KEY: KEY,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const log = text(child.stderr!)
  const ended = once(child, 'exit')
  const url = await Promise.race([
    new Promise<string>(resolve => {
      child.on('message', message => {
        if (typeof message === 'object' && 'url' in message) resolve(String(message.url))
      })
    }),
    ended.then(async () => {
      throw new Error(`the proxy ended at its start:\n${await log}`)
    }),
  ])
  rmSync(folder, { recursive: true })
  const proxy: ProxyProcess = {
    url,
    child,
    log,
    async end(signal) {
      child.kill(signal)
      await ended
    },
  }
  started.push(proxy)
  return proxy
}
