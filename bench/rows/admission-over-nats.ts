import { prepareBareAdmission } from '../bare-admission.ts'
import { runScript } from '../gateway/run-script.ts'
import { startWorker } from '../gateway/start-worker.ts'
import type { Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const AGENTS = 1_000
const BATCHES = 20
const BIDS_PER_BATCH = 1_000
const UNANSWERED = 4_000
const ROUNDS = 3

/** Bids of many agents as requests to a gateway, which coalesces them into batches. */
export const admissionOverNats: Row = {
  name: `admission over NATS of ${AGENTS} agents' bids`,
  baseline: 'the bare batched insert of the same rows',
  target: { atLeast: 0.5 },
  unit: 'bids/s',
  async measure(bench) {
    const bids = BATCHES * BIDS_PER_BATCH
    const baseline: number[] = []
    const measured: number[] = []
    const endGateway = await startWorker(bench, 'gateway')
    for (let round = 0; round < ROUNDS; round++) {
      const bareMarket = await createBenchMarket(bench, 'bare', AGENTS)
      const insertBatches = await prepareBareAdmission(bench.db, bareMarket, BATCHES, BIDS_PER_BATCH)
      const market = await createBenchMarket(bench, 'overnats', AGENTS)
      await bench.db.query('checkpoint')
      const [rate] = await runScript(bench, 'many-bids.ts', [market, AGENTS, bids, UNANSWERED])
      measured.push(rate!)
      await bench.db.query('checkpoint')
      baseline.push((bids / (await millisecondsOf(insertBatches))) * 1000)
      bench.progress(`${Math.round(rate!)} bids/s over NATS`)
    }
    await endGateway()
    return {
      baseline: median(baseline),
      measured: median(measured),
      detail: `${UNANSWERED} unanswered at a time`,
    }
  },
}
