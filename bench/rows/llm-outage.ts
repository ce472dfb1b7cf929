import { leaseManyTokens } from '../llm/leases.ts'
import { type Load, openLoad } from '../llm/load.ts'
import { startProxy, startUpstream } from '../llm/processes.ts'
import type { Bench, Row } from '../row.ts'
import { createBenchMarket, fillBook } from '../synthetic-bids.ts'
import { millisecondsOf, quantile } from '../timing.ts'

const AGENTS = 100
const BIDS_PER_CYCLE = 100
/** So many rounds that the outage lasts about a minute in all. */
const ROUNDS = 6
const ROUND_MS = 10_000
const CALLS_AT_ONCE = 4
const CALL_EVERY_MS = 100

/** What a cycle takes while agents go on calling models of which no upstream answers. */
export const llmOutage: Row = {
  name: `p99 of a cycle of ${BIDS_PER_CYCLE} bids while all LLM upstreams are down for a minute`,
  baseline: 'the same while they answer',
  target: { atMost: 1.2 },
  unit: 'ms',
  async measure(bench) {
    const marketId = await createBenchMarket(bench, 'outage', AGENTS)
    const tokens = await leaseManyTokens(bench)
    const [healthy, broken] = [await startUpstream(20), await startUpstream(0, 'fail')]
    const [up, down] = [
      await startProxy(bench.postgresUrl, healthy.url),
      await startProxy(bench.postgresUrl, broken.url),
    ]
    const loads = {
      up: openLoad(up.url, CALLS_AT_ONCE, tokens),
      down: openLoad(down.url, CALLS_AT_ONCE, tokens),
    }
    try {
      await openCircuit(loads.down)
      await whileCalling(loads.up, 200, () => cycleTimes(bench, marketId))
      const times = { up: [] as number[], down: [] as number[] }
      for (let round = 0; round < ROUNDS; round++) {
        const downRound = async () => {
          times.down.push(...(await whileCalling(loads.down, 503, () => cycleTimes(bench, marketId))))
        }
        if (round % 2 === 0) await downRound()
        times.up.push(...(await whileCalling(loads.up, 200, () => cycleTimes(bench, marketId))))
        if (round % 2 === 1) await downRound()
      }
      return {
        baseline: quantile(times.up, 0.99),
        measured: quantile(times.down, 0.99),
        detail: `${times.down.length} cycles, p50 ${quantile(times.down, 0.5).toFixed(1)} ms against ${quantile(times.up, 0.5).toFixed(1)} ms`,
      }
    } finally {
      await Promise.all(Object.values(loads).map(load => load.close()))
      await Promise.all([healthy, broken, up, down].map(one => one.end()))
    }
  },
}

/** Calls until the circuit is open: from then on every answer is a 503. */
async function openCircuit(load: Load): Promise<void> {
  for (let call = 0; call < 100; call++) {
    if (
      await load.run(1, 503).then(
        () => true,
        () => false,
      )
    )
      return
  }
  throw new Error('the circuit did not open')
}

async function whileCalling<T>(load: Load, status: number, act: () => Promise<T>): Promise<T> {
  let isOver = false
  const callOn = async () => {
    while (!isOver) {
      // While a probe is out and its outcome known, an upstream that is down may be told as such, too.
      await load.run(CALLS_AT_ONCE, status).catch(() => {})
      await new Promise(resolve => setTimeout(resolve, CALL_EVERY_MS))
    }
  }
  const calling = callOn()
  try {
    return await act()
  } finally {
    isOver = true
    await calling
  }
}

async function cycleTimes(bench: Bench, marketId: string): Promise<number[]> {
  const times: number[] = []
  const endsAtMs = performance.now() + ROUND_MS
  while (performance.now() < endsAtMs) {
    await fillBook({ ...bench, progress: () => {} }, marketId, BIDS_PER_CYCLE, AGENTS)
    const clear = async () => {
      const opened = await bench.economy.openCycle(marketId, null, crypto.randomUUID())
      if (!opened.ok) throw new Error(opened.error.message)
      await bench.economy.settleCycle(marketId, opened.cycle)
    }
    times.push(await millisecondsOf(clear))
  }
  return times
}
