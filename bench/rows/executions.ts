import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { marketSettingsSchema } from '../../shared/market/rules.ts'
import type { Bench, Row } from '../row.ts'

const MARKETS = 2
const AGENTS = 40
const WAIT_MS_MAX = 180_000
const worker = fileURLToPath(new URL('../../workers/market-worker.ts', import.meta.url))
/** The servers, the workers and the programs share the machine: below this many processors a second worker has none. */
const CORES_FOR_TWO = 8
const cores = availableParallelism()
let nth = 0

/** Empty programs on won leases, from bids to the last end, in independent markets. */
export const executions: Row = {
  name: `executions of empty programs by two workers, ${cores} cores`,
  baseline: 'by one worker',
  // With fewer processors than that the figure is told, and shows that two workers do not hinder each other.
  target: { atLeast: cores >= CORES_FOR_TWO ? 1.6 : 0.7 },
  unit: 'executions/s',
  async measure(bench) {
    const one = await executionsPerSecond(bench, 1)
    const two = await executionsPerSecond(bench, 2)
    return { baseline: one, measured: two, detail: `${MARKETS} markets of ${AGENTS} agents` }
  },
}

async function executionsPerSecond(bench: Bench, workers: number): Promise<number> {
  nth += 1
  const taskQueue = `bench-executions-${nth}`
  const env = {
    ...process.env,
    ...bench.environment,
    BOURSE_TASK_QUEUE: taskQueue,
    BOURSE_LOG_LEVEL: 'error',
  }
  const children = Array.from({ length: workers }, () => fork(worker, { env, execArgv: [] }))
  await Promise.all(children.map(child => once(child, 'message')))
  try {
    const markets = Array.from({ length: MARKETS }, (_, market) => `bench-executions-${nth}-${market}`)
    for (const marketId of markets) await prepareMarket(bench, marketId)
    const startedMs = performance.now()
    for (const marketId of markets) await bidForAll(bench, marketId)
    await untilAllEnded(bench, markets)
    return (MARKETS * AGENTS * 1000) / (performance.now() - startedMs)
  } finally {
    await Promise.all(children.map(end))
  }
}

async function prepareMarket({ economy }: Bench, marketId: string): Promise<void> {
  await economy.createMarket(
    marketId,
    marketSettingsSchema.parse({ rules: { cycleSeconds: 0.1, pricePeriodSeconds: 86_400 } }),
  )
  for (let agent = 0; agent < AGENTS; agent++) {
    await economy.registerAgent({
      marketId,
      agent: `agent-${agent}`,
      creditsMicro: 100_000_000n,
      program: { command: ['true'], runtime: 'native', files: new Map() },
    })
  }
}

async function bidForAll({ economy }: Bench, marketId: string): Promise<void> {
  const bundle = { cpu: 0.02, memory: 0.02, durationSeconds: 600 }
  await economy.admitBids(
    marketId,
    Array.from({ length: AGENTS }, (_, agent) => ({
      agent: `agent-${agent}`,
      bid: { amount: '10', bundle },
      via: 'cli' as const,
      actor: 'bench',
    })),
  )
}

async function untilAllEnded({ db }: Bench, markets: readonly string[]): Promise<void> {
  const until = performance.now() + WAIT_MS_MAX
  for (;;) {
    const { rows } = await db.query(
      `select count(*) filter (where status = 'terminated' and exit_code = 0) as ended from executions
        where market_id = any($1)`,
      [markets],
    )
    if (Number(rows[0].ended) === MARKETS * AGENTS) return
    if (performance.now() > until) throw new Error(`only ${rows[0].ended} executions ended in time`)
    await delay(50)
  }
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
