import { leaseManyTokens } from '../llm/leases.ts'
import { startLiteLlm } from '../llm/litellm.ts'
import { type Load, openLoad } from '../llm/load.ts'
import { type Served, startPassThrough, startProxy, startUpstream } from '../llm/processes.ts'
import type { Bench, Row } from '../row.ts'
import { quantile } from '../timing.ts'

const ROUNDS = 6
const CALLS_PER_CALLER = 60
/** LiteLLM is slower: it has every third round. */
const LITE_EVERY = 3

interface Times {
  bare: number[]
  proxied: number[]
  /** LiteLLM's, or none and why. */
  liteLlm: number[]
  liteLlmNote: string
}

const measured = new Map<string, Promise<Times>>()

/**
 * What a caller waits for an answer through the proxy, with its budget in Postgres and its circuit, beside a proxy that
 * only passes bytes on: `callers` at a time, each beginning its next call when the last is answered.
 */
export function llmProxy(percentile: 50 | 99, callers: number, upstreamMs: number): Row {
  return {
    name: `p${percentile} of a call through the LLM proxy, ${callers} callers, upstream ${upstreamMs} ms`,
    baseline: 'a bare pass-through proxy in the same runtime',
    target: { atMost: 2 },
    unit: 'ms',
    async measure(bench) {
      const key = `${callers} ${upstreamMs}`
      if (!measured.has(key)) measured.set(key, timesOf(bench, callers, upstreamMs))
      const { bare, proxied, liteLlm, liteLlmNote } = await measured.get(key)!
      const at = (times: number[]) => quantile(times, percentile / 100)
      return {
        baseline: at(bare),
        measured: at(proxied),
        detail: `${(at(proxied) - at(bare)).toFixed(1)} ms added, ${proxied.length} calls; ${
          liteLlm.length === 0 ? liteLlmNote : `${liteLlmNote}: ${at(liteLlm).toFixed(1)} ms`
        }`,
      }
    },
  }
}

async function timesOf(bench: Bench, callers: number, upstreamMs: number): Promise<Times> {
  const tokens = await leaseManyTokens(bench)
  const upstream = await startUpstream(upstreamMs)
  const served: Served[] = [upstream]
  const loads: Load[] = []
  try {
    const bareProxy = await startPassThrough(upstream.url)
    const proxy = await startProxy(bench.postgresUrl, upstream.url)
    served.push(bareProxy, proxy)
    const [bareLoad, load] = [openLoad(bareProxy.url, callers, tokens), openLoad(proxy.url, callers, tokens)]
    loads.push(bareLoad, load)
    const beside = await startLiteLlm(upstream.url)
    if (beside.served !== null) served.push(beside.served)
    const liteLoad = beside.served === null ? null : openLoad(beside.served.url, callers, tokens)
    if (liteLoad !== null) loads.push(liteLoad)
    const calls = callers * CALLS_PER_CALLER
    await bareLoad.run(calls)
    await load.run(calls)
    await liteLoad?.run(calls)
    const times: Times = { bare: [], proxied: [], liteLlm: [], liteLlmNote: beside.note }
    for (let round = 0; round < ROUNDS; round++) {
      times.bare.push(...(await bareLoad.run(calls)))
      times.proxied.push(...(await load.run(calls)))
      if (liteLoad !== null && round % LITE_EVERY === 0) times.liteLlm.push(...(await liteLoad.run(calls)))
    }
    return times
  } finally {
    for (const one of loads) await one.close()
    for (const one of served) await one.end()
  }
}
