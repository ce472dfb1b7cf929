import { createDatabase, PRICE_UPDATE_PATIENCE } from '../../shared/db/pool.ts'
import { tickPrices } from '../../shared/db/prices/tick-prices.ts'
import type { Bench, Row } from '../row.ts'
import { createBenchMarket, fillBook } from '../synthetic-bids.ts'
import { millisecondsOf, quantile } from '../timing.ts'

const AGENTS = 100
const BIDS_PER_CYCLE = 100
const CYCLES_PER_ROUND = 60
const ROUNDS = 6
/** As in a worker: updates have connections of their own, and all of them hang. */
const PRICE_CONNECTIONS = 2

/** What a cycle takes while updates of the market's prices hang behind a lock held elsewhere. */
export const stuckPriceUpdate: Row = {
  name: `p99 of a cycle of ${BIDS_PER_CYCLE} bids while the price update is stuck`,
  baseline: 'the same while it is not',
  target: { atMost: 1.2 },
  unit: 'ms',
  async measure(bench) {
    const marketId = await createBenchMarket(bench, 'stuck', AGENTS)
    // In a paused market no update has anything to do.
    await bench.economy.resumeMarket(marketId, 'bench')
    await cycleTimes(bench, marketId)
    const free: number[] = []
    const stuck: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const stuckRound = async () => {
        stuck.push(...(await whilePricesHang(bench, marketId, () => cycleTimes(bench, marketId))))
      }
      // The book grows with time: neither always goes first.
      if (round % 2 === 0) await stuckRound()
      free.push(...(await cycleTimes(bench, marketId)))
      if (round % 2 === 1) await stuckRound()
    }
    const perSecond = (times: number[]) => (1000 * times.length) / times.reduce((sum, ms) => sum + ms, 0)
    return {
      baseline: quantile(free, 0.99),
      measured: quantile(stuck, 0.99),
      detail: `${perSecond(stuck).toFixed(1)} cycles/s against ${perSecond(free).toFixed(1)}`,
    }
  },
}

async function cycleTimes(bench: Bench, marketId: string): Promise<number[]> {
  const times: number[] = []
  for (let cycle = 0; cycle < CYCLES_PER_ROUND; cycle++) {
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

/** Acts while updates wait for a lock on the prices that lets readers pass; they are applied after it. */
async function whilePricesHang<T>(bench: Bench, marketId: string, act: () => Promise<T>): Promise<T> {
  const prices = createDatabase(
    bench.postgresUrl,
    'bench price updates',
    PRICE_CONNECTIONS,
    PRICE_UPDATE_PATIENCE,
  )
  const locker = await bench.db.connect()
  let isLocked = true
  /** Tries again as a workflow does when the lock is not had in time. */
  async function update(tickMs: number): Promise<void> {
    try {
      await tickPrices(prices, marketId, tickMs)
    } catch (error) {
      if (isLocked) return await update(tickMs)
      throw error
    }
    if (isLocked) throw new Error('a price update was not stuck')
  }
  await locker.query('begin')
  await locker.query('lock table prices in share row exclusive mode')
  const updates = Promise.all(Array.from({ length: PRICE_CONNECTIONS }, (_, nth) => update(Date.now() + nth)))
  try {
    const [acted] = await Promise.all([act().finally(release), updates])
    return acted
  } finally {
    await prices.end()
  }

  async function release(): Promise<void> {
    isLocked = false
    await locker.query('rollback')
    locker.release()
  }
}
