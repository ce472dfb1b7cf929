import { prepareBareAdmission } from '../bare-admission.ts'
import type { Row } from '../row.ts'
import { createBenchMarket, fillBook } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const AGENTS = 1_000
const BATCHES = 20
const BIDS_PER_BATCH = 1_000
const ROUNDS = 3

/** Bids of many agents through the admission function in full batches. */
export const admission: Row = {
  name: `admission of ${AGENTS} agents' bids in batches of ${BIDS_PER_BATCH}`,
  baseline: 'the bare batched insert of the same rows',
  target: { atLeast: 0.5 },
  unit: 'bids/s',
  async measure(bench) {
    const bids = BATCHES * BIDS_PER_BATCH
    const baseline: number[] = []
    const measured: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const bareMarket = await createBenchMarket(bench, 'bare', AGENTS)
      const insertBatches = await prepareBareAdmission(bench.db, bareMarket, BATCHES, BIDS_PER_BATCH)
      const market = await createBenchMarket(bench, 'admission', AGENTS)
      await bench.db.query('checkpoint')
      measured.push((bids / (await millisecondsOf(() => fillBook(bench, market, bids, AGENTS)))) * 1000)
      await bench.db.query('checkpoint')
      baseline.push((bids / (await millisecondsOf(insertBatches))) * 1000)
    }
    return { baseline: median(baseline), measured: median(measured) }
  },
}
