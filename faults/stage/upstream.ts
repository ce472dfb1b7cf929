import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Behaviour } from '../../workers/scripted-upstream/behaviour.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../workers/scripted-upstream/server.ts'
import { seededRandom } from '../random.ts'

/** The model that the upstream serves. */
export const MODEL = 'small'
const SCRIPT_LENGTH = 10_000
/** Answers that are not as they should be, one of so many of all. */
const STRANGE_ONE_IN = 8
const STRANGE: readonly Partial<Behaviour>[] = [
  { does: 'rate_limit', retryAfter: '1' },
  { does: 'fail', status: 503 },
  { does: 'hang' },
  { does: 'cut', words: 20, dripMs: 5 },
  { does: 'invalid_json' },
  { does: 'error_in_stream', words: 20, dripMs: 5 },
  { does: 'answer', tellsUsage: false },
]
/** A call whose proxy is dead is given up on after the longest that a call may take, so that is kept short. */
const LIMITS = {
  timeouts: { connectMs: 1_000, firstTokenMs: 1_500, idleMs: 1_500, totalMs: 3_000 },
  retry: { attemptsPerUpstream: 2, firstDelayMs: 50, maxDelayMs: 200, totalMs: 1_500 },
  circuit: { failureRatio: 0.5, windowSeconds: 5, minimumCalls: 5, openSeconds: 1 },
}

/** Starts the provider of models that the proxies ask: it answers at various speeds, and now and then misbehaves. */
export async function startUpstream(): Promise<ScriptedUpstream> {
  const random = seededRandom('the upstream')
  const script = Array.from({ length: SCRIPT_LENGTH }, () =>
    random.below(STRANGE_ONE_IN) === 0
      ? random.pick(STRANGE)
      : { words: random.between(1, 40), firstTokenMs: random.below(300), dripMs: random.below(15) },
  )
  return await startScriptedUpstream({ script })
}

/** Writes the configuration by which a proxy finds the upstream at a port, and answers the file. */
export function writeUpstreams(home: string, proxy: string, port: number): string {
  const { timeouts, ...limits } = LIMITS
  const model = { name: MODEL, contextTokens: 8_000, maxOutputTokens: 1_000, price: { input: 1, output: 2 } }
  const upstream = { name: 'scripted', baseUrl: `http://127.0.0.1:${port}/v1`, timeouts, models: [model] }
  const file = join(home, `${proxy}.json`)
  writeFileSync(file, JSON.stringify({ upstreams: [upstream], ...limits }))
  return file
}
