import { describe, expect, test } from 'vitest'
import { marketSettingsSchema } from '../../../shared/market/rules.ts'
import { formatCredits } from '../../../shared/money/credits.ts'
import { postedCostMicro } from '../../../shared/pricing/posted-cost.ts'
import { createMemoryUnderTest } from './memory-under-test.ts'

const RIGHT_PRICE_MICRO = 50_000
const LOWEST_VALUE = 0.2
const QUANTITY_PPM = 40_000
const SIMULATION_MS_MAX = 60_000
const STEP_SECONDS = 0.25
/** Multiples of it fill the unit interval evenly. */
const GOLDEN = 0.618033988749895

/**
 * A market whose agents bid what a bundle is worth to them when that is at least its posted cost. Worth is spread so
 * that at the price p they ask for 0.9 * (right price / p) of capacity: the elasticity of demand is 1. Answers the
 * posted price after each tick, in multiples of the right one.
 */
async function runMarket(rhythm: {
  cycleSeconds: number
  leaseSeconds: number
  periodSeconds: number
  ticks: number
}) {
  const { cycleSeconds, leaseSeconds, periodSeconds, ticks } = rhythm
  const { economy, now, passTime, markPublished } = createMemoryUnderTest()
  const rules = {
    cycleSeconds,
    pricePeriodSeconds: periodSeconds,
    policy: 'posted-price',
    minimumBid: '0.000001',
    bidsPerSecond: null,
    maxOpenBids: 100_000,
  }
  const resources = [{ name: 'cpu', unit: 'cores', capacity: 1 }]
  await economy.createMarket('m', marketSettingsSchema.parse({ resources, rules }))
  await economy.registerAgent({ marketId: 'm', agent: 'ann', creditsMicro: 10n ** 15n })
  const bidsPerSecond = 0.9 / LOWEST_VALUE / ((QUANTITY_PPM / 1e6) * leaseSeconds)
  const history: number[] = []
  let priceMicro = 10_000
  let asked = 0
  for (let seconds = 0; history.length < ticks; seconds += STEP_SECONDS) {
    await passTime('m', STEP_SECONDS)
    for (; asked < seconds * bidsPerSecond; asked++) {
      const worth = LOWEST_VALUE / ((asked * GOLDEN) % 1 || 1)
      const worthMicro = postedCostMicro(
        [Math.round(worth * RIGHT_PRICE_MICRO)],
        [QUANTITY_PPM],
        leaseSeconds,
      )
      if (worthMicro < postedCostMicro([priceMicro], [QUANTITY_PPM], leaseSeconds)) continue
      const bid = {
        amount: formatCredits(worthMicro),
        bundle: { cpu: QUANTITY_PPM / 1e6, durationSeconds: leaseSeconds },
      }
      await economy.admitBids('m', [{ agent: 'ann', bid, via: 'cli', actor: 'test' }])
    }
    await markPublished('m')
    let turn = await economy.takeTurn('m', false)
    if (turn.ok && turn.next.step === 'tidy') {
      await economy.tidyMarket('m')
      await markPublished('m')
      turn = await economy.takeTurn('m', false)
    }
    if (turn.ok && turn.next.step === 'clear') {
      await economy.openCycle('m', turn.next.cycle, 'run')
      await economy.settleCycle('m', turn.next.cycle)
    }
    if (seconds < (history.length + 1) * periodSeconds) continue
    const ticked = await economy.tickPrices('m', await now())
    if (!ticked.ok) throw new Error(ticked.error.message)
    priceMicro = Number(ticked.prices.cpu) * 1e6
    history.push(priceMicro / RIGHT_PRICE_MICRO)
  }
  return history
}

/**
 * A lease occupies capacity until the first cycle after its end, so what can be sold is less, and the right price
 * more, where leases end between cycles.
 */
function rightPrice({ cycleSeconds, leaseSeconds }: { cycleSeconds: number; leaseSeconds: number }): number {
  return (Math.ceil(leaseSeconds / cycleSeconds) * cycleSeconds) / leaseSeconds
}

describe('prices under a demand of elasticity 1', () => {
  test.each([
    { cycleSeconds: 2, leaseSeconds: 2, periodSeconds: 1 },
    { cycleSeconds: 13, leaseSeconds: 13, periodSeconds: 10 },
    { cycleSeconds: 25, leaseSeconds: 25, periodSeconds: 10 },
    { cycleSeconds: 25, leaseSeconds: 10, periodSeconds: 10 },
    { cycleSeconds: 13, leaseSeconds: 30, periodSeconds: 10 },
  ])(
    'settle where they should when cycles are rarer than ticks: %j',
    async rhythm => {
      const settled = (await runMarket({ ...rhythm, ticks: 120 })).slice(-60)
      const mean = settled.reduce((sum, price) => sum + price, 0) / settled.length / rightPrice(rhythm)
      expect(Math.abs(mean - 1)).toBeLessThan(0.1)
    },
    SIMULATION_MS_MAX,
  )
})
