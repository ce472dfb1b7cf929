import { prepareBareSettlement } from '../bare-settlement.ts'
import type { Row } from '../row.ts'
import { createBenchMarket, fillBook } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const BIDS = 100_000
const AGENTS = 1_000
const ROUNDS = 3

/** A whole cycle from opening to durable, beside the bare SQL that writes the same rows. */
export const wholeCycle: Row = {
  name: `a whole cycle, ${BIDS} pending bids, to durable`,
  baseline: 'bare bulk SQL writing the same rows',
  target: { atMost: 2 },
  unit: 'ms',
  async measure(bench) {
    const baseline: number[] = []
    const measured: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      bench.progress(`round ${round + 1} of ${ROUNDS}`)
      const marketId = await createBenchMarket(bench, 'cycle', AGENTS)
      await fillBook(bench, marketId, BIDS, AGENTS)
      const bare = await prepareBareSettlement(bench, marketId)
      await bench.db.query('checkpoint')
      measured.push(
        await millisecondsOf(async () => {
          await bench.economy.openCycle(marketId, 1, 'bench')
          await bench.economy.settleCycle(marketId, 1)
        }),
      )
      await bare.load()
      await bench.db.query('checkpoint')
      baseline.push(await millisecondsOf(bare.run))
      await bare.drop()
    }
    return { baseline: median(baseline), measured: median(measured) }
  },
}
