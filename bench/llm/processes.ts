import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A process of the measurement that serves HTTP. */
export interface Served {
  url: string
  /** Bytes of memory it holds. */
  residentBytes(): number
  end(): Promise<void>
}

export const BENCH_MODEL = 'bench'
const UPSTREAM_CALLS_MAX = 512

/** A scripted upstream that answers after `firstTokenMs` with a few words. */
export function startUpstream(firstTokenMs: number, does = 'answer'): Promise<Served> {
  const script = JSON.stringify([{ does, firstTokenMs, words: 20 }])
  return serve('../../workers/scripted-upstream.ts', ['0', script], {})
}

export function startPassThrough(upstream: string): Promise<Served> {
  return serve('./pass-through.ts', [upstream], {})
}

/** The LLM proxy, with budgets and circuits as ever, in front of one upstream. */
export async function startProxy(postgresUrl: string, upstream: string): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'bourse-bench-llm-'))
  const file = join(folder, 'llm.json')
  const price = { input: 1, output: 2 }
  const model = { name: BENCH_MODEL, contextTokens: 32_000, maxOutputTokens: 1_000, price }
  const config = {
    upstreams: [
      { name: 'scripted', baseUrl: upstream, maxConcurrentCalls: UPSTREAM_CALLS_MAX, models: [model] },
    ],
    retry: { attemptsPerUpstream: 1, totalMs: 5_000 },
    circuit: { openSeconds: 60 },
  }
  writeFileSync(file, JSON.stringify(config))
  const env = {
    BOURSE_POSTGRES_URL: postgresUrl,
    BOURSE_NATS_URL: 'nats://127.0.0.1:1',
    BOURSE_TEMPORAL_ADDRESS: '127.0.0.1:1',
    BOURSE_LLM_CONFIG: file,
    BOURSE_LLM_PORT: '0',
    BOURSE_LOG_LEVEL: 'warn',
  }
  try {
    return await serve('../../workers/llm-proxy.ts', [], env)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function serve(script: string, args: string[], env: Record<string, string>): Promise<Served> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const url = await Promise.race([
    addressOf(child),
    ended.then(() => {
      throw new Error(`${script} ended at its start`)
    }),
  ])
  return {
    url,
    residentBytes: () => {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))
      return Number(kilobytes?.[1] ?? 0) * 1_024
    },
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.on('message', (message: { url?: string; baseUrl?: string } | string) => {
      const url = typeof message === 'string' ? undefined : (message.url ?? message.baseUrl)
      if (url !== undefined) resolve(url)
    })
  })
}
