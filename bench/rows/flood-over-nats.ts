import { runScript } from '../gateway/run-script.ts'
import { startGateway } from '../gateway/start-gateway.ts'
import type { Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median } from '../timing.ts'

const AGENTS = 100
const BIDS = 1_500
const FLOOD_REQUESTS_PER_SECOND = 10_000
const FLOOD_SECONDS = 30
const ROUNDS = 3

/** What others wait for the verdicts of their bids while one agent floods the gateway with nonsense. */
export const floodOverNats: Row = {
  name: `others' p99 over NATS under a flood of ${FLOOD_REQUESTS_PER_SECOND} invalid bids/s`,
  baseline: 'the same without the flood',
  target: { atMost: 1.5 },
  unit: 'ms',
  async measure(bench) {
    const baseline: number[] = []
    const measured: number[] = []
    const endGateway = await startGateway(bench)
    for (let round = 0; round < ROUNDS; round++) {
      const market = await createBenchMarket(bench, 'natsflood', AGENTS)
      const othersP99 = async () =>
        (await runScript(bench, 'easy-requests.ts', [market, AGENTS, BIDS, 'market.bid']))[1]!
      baseline.push(await othersP99())
      const flooding = new AbortController()
      const flood = runScript(
        bench,
        'flooder.ts',
        [market, FLOOD_REQUESTS_PER_SECOND, FLOOD_SECONDS],
        flooding.signal,
      ).catch(() => null)
      measured.push(await othersP99())
      flooding.abort()
      await flood
      bench.progress(
        `${baseline.at(-1)!.toFixed(2)} ms without, ${measured.at(-1)!.toFixed(2)} ms with the flood`,
      )
    }
    await endGateway()
    return { baseline: median(baseline), measured: median(measured) }
  },
}
