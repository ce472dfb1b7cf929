import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

/** Updates run here alone, so that their worker can be stopped while the market's goes on. */
const updateQueue = `updates-${Date.now().toString(36)}`
const PERIOD_SECONDS = 1
let test: TestEconomy
let worker: ChildProcess | undefined

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  if (worker !== undefined) await end(worker, 'SIGKILL')
  await test.close()
})

async function startUpdateWorker(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../../workers/market-worker.ts', import.meta.url))
  const child = fork(script, {
    env: { ...process.env, BOURSE_TASK_QUEUE: updateQueue, BOURSE_LOG_LEVEL: 'error' },
    execArgv: [],
  })
  await once(child, 'message')
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

/** A market with bidders, whose next cycle a bid brings about. */
async function openMarket(name: string) {
  const rules = { pricePeriodSeconds: PERIOD_SECONDS, cycleSeconds: 0.1 }
  const marketId = await test.createMarket(name, rules, { ada: 1_000_000n })
  /** Places a bid and answers the cycle that decided it. */
  async function nextCycle() {
    const before = await lastCycle()
    const bid = { amount: '5', bundle: { cpu: 0.1, durationSeconds: 1 } }
    await test.economy.admitBids(marketId, [{ agent: 'ada', bid, via: 'cli', actor: 'test' }])
    return await eventually(async () => {
      const cycle = await lastCycle()
      return cycle !== null && cycle.cycle > (before?.cycle ?? 0) && cycle
    })
  }
  async function lastCycle() {
    const summary = await test.economy.describeMarket(marketId)
    if (!summary.ok) throw new Error(summary.error.message)
    return summary.lastCycle
  }
  const cycleWith = (priceSource: string) =>
    eventually(async () => {
      const cycle = await nextCycle()
      return cycle.priceSource === priceSource && cycle
    })
  const told = async () =>
    (await test.writtenEvents(marketId))
      .map(event => event.type)
      .filter(type => type === 'price_fallback' || type === 'price_recovered')
  return { marketId, nextCycle, cycleWith, told }
}

describe('cycles go on at the last known prices, say so, and recover,', () => {
  it('while the worker of price updates is frozen, and after it was killed', async () => {
    worker = await startUpdateWorker()
    const { marketId, nextCycle, cycleWith, told } = await openMarket('frozen')
    const schedule = test.client.schedule.getHandle(`price-update/${marketId}`)
    await eventually(() => schedule.describe().catch(() => null))
    await schedule.update(previous => ({
      ...previous,
      action: { ...previous.action, taskQueue: updateQueue },
    }))
    await cycleWith('live')
    expect(await told()).toEqual([])

    worker.kill('SIGSTOP')
    const stale = await cycleWith('last_known')
    expect(stale.priceAgeSeconds).toBeGreaterThan(3 * PERIOD_SECONDS)
    expect((await nextCycle()).priceSource).toBe('last_known')
    expect(await told()).toEqual(['price_fallback'])
    worker.kill('SIGCONT')
    await cycleWith('live')
    expect(await told()).toEqual(['price_fallback', 'price_recovered'])

    await end(worker, 'SIGKILL')
    await cycleWith('last_known')
    worker = await startUpdateWorker()
    await cycleWith('live')
    expect(await told()).toEqual(['price_fallback', 'price_recovered', 'price_fallback', 'price_recovered'])
  })

  it('while the query of the price update waits for a lock held elsewhere', async () => {
    const { cycleWith, nextCycle, told } = await openMarket('locked')
    await cycleWith('live')
    const locker = await test.db.connect()
    try {
      await locker.query('begin')
      await locker.query('lock table prices in share row exclusive mode')
      await cycleWith('last_known')
      await eventually(async () => {
        const { rows } = await test.db.query(
          `select from pg_stat_activity where application_name = 'bourse price updates' and wait_event_type = 'Lock'`,
        )
        return rows.length > 0
      })
      expect((await nextCycle()).priceSource).toBe('last_known')
    } finally {
      await locker.query('rollback')
      locker.release()
    }
    await cycleWith('live')
    expect(await told()).toEqual(['price_fallback', 'price_recovered'])
  })

  it('while the schedule is paused', async () => {
    const { marketId, cycleWith, told } = await openMarket('paused-prices')
    await cycleWith('live')
    const schedule = test.client.schedule.getHandle(`price-update/${marketId}`)
    await schedule.pause('a test')
    await cycleWith('last_known')
    await schedule.unpause('a test')
    await cycleWith('live')
    expect(await told()).toEqual(['price_fallback', 'price_recovered'])
  })
})
