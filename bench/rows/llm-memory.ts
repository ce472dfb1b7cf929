import { leaseManyTokens } from '../llm/leases.ts'
import { openLoad } from '../llm/load.ts'
import { startProxy, startUpstream } from '../llm/processes.ts'
import type { Row } from '../row.ts'

const CALLERS = 32
const CALLS_BEFORE = 20_000
const CALLS_IN_ALL = 100_000
const STEPS = 4
const MEBIBYTE = 2 ** 20

/** Whether the proxy's memory grows with the calls it has made. */
export const llmMemory: Row = {
  name: `memory of the LLM proxy after ${CALLS_IN_ALL} calls`,
  baseline: `after ${CALLS_BEFORE}`,
  target: { atMost: 1.15 },
  unit: 'MiB',
  async measure(bench) {
    const tokens = await leaseManyTokens(bench)
    const upstream = await startUpstream(0)
    const proxy = await startProxy(bench.postgresUrl, upstream.url)
    const load = openLoad(proxy.url, CALLERS, tokens)
    try {
      await load.run(CALLS_BEFORE)
      const baseline = proxy.residentBytes() / MEBIBYTE
      const steps: number[] = []
      for (let step = 0; step < STEPS; step++) {
        await load.run((CALLS_IN_ALL - CALLS_BEFORE) / STEPS)
        steps.push(proxy.residentBytes() / MEBIBYTE)
        bench.progress(`${steps.at(-1)!.toFixed(0)} MiB`)
      }
      const detail = `on the way ${steps.map(one => one.toFixed(0)).join(', ')} MiB`
      return { baseline, measured: steps.at(-1)!, detail }
    } finally {
      await load.close()
      await proxy.end()
      await upstream.end()
    }
  },
}
