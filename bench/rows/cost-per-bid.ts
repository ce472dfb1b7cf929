import type { Bench, Row } from '../row.ts'
import { createBenchMarket, fillBook } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const FEW = 1_000
const MANY = 100_000
const AGENTS = 1_000
const ROUNDS_FEW = 9
const ROUNDS_MANY = 3

/** What one bid costs in a cycle of few bids and of many. */
export const costPerBid: Row = {
  name: `cost per bid in a cycle of ${MANY} bids`,
  baseline: `cost per bid in a cycle of ${FEW} bids`,
  target: { atMost: 1.2 },
  unit: 'µs',
  async measure(bench) {
    const few: number[] = []
    const many: number[] = []
    for (let round = 0; round < ROUNDS_FEW; round++) few.push(await microsecondsPerBid(bench, FEW))
    for (let round = 0; round < ROUNDS_MANY; round++) many.push(await microsecondsPerBid(bench, MANY))
    return { baseline: median(few), measured: median(many) }
  },
}

async function microsecondsPerBid(bench: Bench, bids: number): Promise<number> {
  const marketId = await createBenchMarket(bench, 'cost', AGENTS)
  await fillBook(bench, marketId, bids, AGENTS)
  await bench.db.query('checkpoint')
  const milliseconds = await millisecondsOf(async () => {
    await bench.economy.openCycle(marketId, 1, 'bench')
    await bench.economy.settleCycle(marketId, 1)
  })
  return (milliseconds * 1000) / bids
}
