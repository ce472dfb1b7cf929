import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Bench, Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median } from '../timing.ts'

const run = promisify(execFile)
const AGENTS = 100
const BIDS = 1_500
const FLOOD_BIDS_PER_SECOND = 10_000
const FLOOD_SECONDS = 20
const ROUNDS = 3

/** What others wait for their verdicts while one agent floods admission with nonsense. */
export const flood: Row = {
  name: `others' admission p99 under a flood of ${FLOOD_BIDS_PER_SECOND} invalid bids/s`,
  baseline: 'the same without the flood',
  target: { atMost: 1.5 },
  unit: 'ms',
  async measure(bench) {
    const baseline: number[] = []
    const measured: number[] = []
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const marketId = await createBenchMarket(bench, 'flood', AGENTS)
      baseline.push(await othersP99(bench, marketId))
      const flooding = new AbortController()
      const flooder = start(
        bench,
        'flooder.ts',
        [marketId, FLOOD_BIDS_PER_SECOND, FLOOD_SECONDS],
        flooding.signal,
      )
      measured.push(await othersP99(bench, marketId))
      rates.push(Number((await flooder).stdout) / FLOOD_SECONDS)
    }
    return {
      baseline: median(baseline),
      measured: median(measured),
      detail: `${Math.round(median(rates))} invalid bids/s were offered`,
    }
  },
}

async function othersP99(bench: Bench, marketId: string): Promise<number> {
  return Number((await start(bench, 'bidder.ts', [marketId, AGENTS, BIDS])).stdout)
}

function start({ postgresUrl }: Bench, script: string, args: (string | number)[], signal?: AbortSignal) {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url))
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args.map(String)], {
    env: { ...process.env, BOURSE_POSTGRES_URL: postgresUrl },
    ...(signal === undefined ? {} : { signal }),
  })
}
