import { describe, expect, test } from 'vitest'
import { parseEvent } from '../../../shared/events/envelope.ts'
import type { EventData } from '../../../shared/events/registry.ts'
import type { MarketRules } from '../../../shared/market/rules.ts'
import type { EconomyUnderTest, WrittenEvent } from './economy-under-test.ts'
import { openMarket } from './fresh-market.ts'

const PERIOD_SECONDS = 10
const WHOLE = { cpu: 1, memory: 1, durationSeconds: 60 }

/** What every implementation of the economy must do about posted prices. */
export function describePrices(name: string, make: () => EconomyUnderTest): void {
  async function begin(rules: Partial<MarketRules> = {}) {
    const under = make()
    const { economy } = under
    const marketId = await openMarket(under, { ann: 1000, bob: 1000 }, rules)
    const tick = async () => {
      const ticked = await economy.tickPrices(marketId, await under.now())
      if (!ticked.ok) throw new Error(ticked.error.message)
      return ticked
    }
    /** Lets a period pass, and ticks. */
    const tickLater = async (periods = 1) => {
      await under.passTime(marketId, periods * PERIOD_SECONDS)
      return await tick()
    }
    const place = async (agent: string, amount: string, bundle: object, more: object = {}) => {
      const [verdict] = await economy.admitBids(marketId, [
        { agent, bid: { amount, bundle, ...more }, via: 'cli', actor: 'test' },
      ])
      return verdict!
    }
    const cycle = async () => {
      const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
      if (!opened.ok) throw new Error(opened.error.message)
      return await economy.settleCycle(marketId, opened.cycle)
    }
    const events = async () => (await under.readBooks(marketId)).events
    const eventsOf = async (type: WrittenEvent['type']) =>
      (await events()).filter(event => event.type === type)
    const updates = async () =>
      (await eventsOf('price_update')).map(event => event.data as EventData<'price_update'>)
    const passTime = (seconds: number) => under.passTime(marketId, seconds)
    return { ...under, marketId, tick, tickLater, place, cycle, events, eventsOf, updates, passTime }
  }

  describe(`${name}: price ticks`, () => {
    test('the first takes one period, and tells every resource, unchanged ones too', async () => {
      const { tick, place, events } = await begin()
      await place('ann', '10', { cpu: 1, durationSeconds: 60 })
      await place('bob', '10', { cpu: 0.8, durationSeconds: 60 })
      expect(await tick()).toMatchObject({
        tick: 1,
        applied: true,
        prices: { cpu: '0.01125', memory: '0.01' },
      })
      const told = (await events()).filter(event => event.type === 'price_update')
      expect(told).toMatchObject([
        {
          operation: 'tick/1',
          correlationId: 'tick/1',
          agent: null,
          data: {
            resource: 'cpu',
            old_price: '0.01',
            new_price: '0.01125',
            reason: 'demand_spike',
            tick: 1,
            e: 1_000_000,
            demand: 1.8,
            elapsed_ms: 10_000,
          },
        },
        {
          data: { resource: 'memory', old_price: '0.01', new_price: '0.01', reason: 'unchanged', demand: 0 },
        },
      ])
      for (const { type, data } of told) {
        const text = JSON.stringify({
          event_id: crypto.randomUUID(),
          timestamp: new Date().toISOString(),
          source: 'system',
          type,
          schema_version: 1,
          market_id: 'm',
          correlation_id: 'tick/1',
          epoch: 1,
          seq: 1,
          data,
        })
        expect(parseEvent(text)).toMatchObject({ ok: true })
      }
    })

    test('a tick that is not later than the newest moves nothing and writes nothing', async () => {
      const { economy, marketId, tickLater, now, events } = await begin()
      const { before, ...first } = (await tickLater()) as { before?: unknown }
      expect(before).toBeDefined()
      const written = (await events()).length
      for (const tickMs of [0, (await now()) - 60_000]) {
        expect(await economy.tickPrices(marketId, tickMs)).toMatchObject({ ...first, applied: false })
      }
      expect(await events()).toHaveLength(written)
    })

    test('one tick asked for twice at once is applied once', async () => {
      const { economy, marketId, now, updates } = await begin()
      const tickMs = await now()
      const asked = await Promise.all(Array.from({ length: 8 }, () => economy.tickPrices(marketId, tickMs)))
      expect(asked.filter(one => one.ok && one.applied)).toHaveLength(1)
      expect(asked.every(one => one.ok && one.tick === 1)).toBe(true)
      expect(await updates()).toHaveLength(2)
    })

    test('ticks of different times at once are numbered without gaps, none twice', async () => {
      const { economy, marketId, now, updates } = await begin()
      const tickMs = await now()
      await Promise.all(Array.from({ length: 4 }, (_, nth) => economy.tickPrices(marketId, tickMs + nth)))
      const numbers = [...new Set((await updates()).map(update => update.tick))]
      expect(numbers).toEqual(numbers.map((_, place) => place + 1))
      const times = (await updates()).map(update => update.ticked_at)
      expect(times).toEqual(times.toSorted())
    })

    test('uses what cycles recorded, not the book that they emptied', async () => {
      const { tickLater, place, cycle, updates, passTime } = await begin()
      await tickLater()
      await passTime(2)
      for (const agent of ['ann', 'bob']) await place(agent, '100', { ...WHOLE, durationSeconds: 1 })
      await cycle()
      await tickLater()
      expect((await updates()).slice(-2)).toMatchObject([
        { resource: 'cpu', demand: 2 },
        { resource: 'memory', demand: 2 },
      ])
    })

    test('a cycle that waits for leases to end is not counted twice: its demand holds until the next', async () => {
      const { tickLater, place, cycle, updates } = await begin({ cycleSeconds: 13 })
      await tickLater()
      await place('ann', '100', WHOLE)
      await cycle()
      await tickLater()
      await place('bob', '100', WHOLE)
      await tickLater()
      expect((await updates()).at(-1)).toMatchObject({ demand: 1 })
      // The cycle did not come: what is asked for now is what is leased, and what waits for it.
      await tickLater()
      expect((await updates()).at(-1)).toMatchObject({ demand: 2 })
    })

    test('without a cycle, counts what is leased and pending bids that reach their cost', async () => {
      const { tickLater, place, cycle, updates, recordPrices, marketId } = await begin({
        minimumBid: '0.000001',
      })
      await recordPrices(marketId, [1_000_000, 1_000_000])
      await place('ann', '30', { cpu: 0.5, durationSeconds: 60 })
      await cycle()
      await tickLater()
      await place('ann', '30', { cpu: 0.25, durationSeconds: 60 })
      await place('bob', '0.000001', { memory: 1, durationSeconds: 60 })
      await tickLater()
      expect((await updates()).slice(-2)).toMatchObject([
        { resource: 'cpu', demand: 0.75 },
        { resource: 'memory', demand: 0 },
      ])
    })

    test('prices of an idle market fall to the floor, and a late tick folds in at most four periods', async () => {
      const { tick, tickLater, place, updates } = await begin()
      for (const agent of ['ann', 'bob']) await place(agent, '100', WHOLE)
      await tick()
      expect((await tickLater(100)).prices).toMatchObject({ cpu: '0.01802' })
      expect((await updates()).at(-1)).toMatchObject({ e: 5_000_000 })
    })

    test('leased beyond the target, a price rises by supply constraint', async () => {
      const { tick, tickLater, place, cycle, updates } = await begin()
      await place('ann', '100', WHOLE)
      await cycle()
      await tickLater()
      expect((await updates()).at(-1)).toMatchObject({ reason: 'supply_constraint', demand: 1 })
      expect(await tick()).toMatchObject({ ok: true })
    })

    test('follows the rules for the period and the target', async () => {
      const { tick, place, updates } = await begin({ pricePeriodSeconds: 60, targetUtilisation: 0.5 })
      await place('ann', '100', { ...WHOLE, cpu: 0.75 })
      await tick()
      expect(await updates()).toMatchObject([
        { resource: 'cpu', e: 500_000, elapsed_ms: 60_000 },
        { resource: 'memory', e: 1_000_000 },
      ])
    })

    test('a closed market, and one that does not exist, have none', async () => {
      const { economy, marketId, now } = await begin()
      await economy.beginClosing(marketId, 'op')
      const tickMs = await now()
      expect(await economy.tickPrices(marketId, tickMs)).toMatchObject({ error: { code: 'market_closed' } })
      expect(await economy.tickPrices('nowhere', tickMs)).toMatchObject({ error: { code: 'unknown_market' } })
    })
  })

  describe(`${name}: prices nobody renews`, () => {
    test('are told once when cycles begin to use them, and once when that is over', async () => {
      const { tickLater, cycle, passTime, eventsOf } = await begin()
      await tickLater()
      expect(await cycle()).toMatchObject({ priceSource: 'live' })
      await passTime(3 * PERIOD_SECONDS + 1)
      const stale = [await cycle(), await cycle()]
      expect(stale).toMatchObject([{ priceSource: 'last_known' }, { priceSource: 'last_known' }])
      expect(stale[0]!.priceAgeSeconds).toBeGreaterThanOrEqual(31)
      expect(await eventsOf('price_fallback')).toMatchObject([
        { operation: 'cycle/2', data: { age_seconds: stale[0]!.priceAgeSeconds } },
      ])
      expect(await eventsOf('price_recovered')).toEqual([])
      await tickLater(0)
      expect(await cycle()).toMatchObject({ priceSource: 'live' })
      expect(await cycle()).toMatchObject({ priceSource: 'live' })
      expect(await eventsOf('price_fallback')).toHaveLength(1)
      expect(await eventsOf('price_recovered')).toMatchObject([{ operation: 'cycle/4' }])
    })

    test('are the floor while none was ever recorded, which is no fallback', async () => {
      const { cycle, eventsOf } = await begin()
      expect(await cycle()).toMatchObject({ priceSource: 'floor', priceAgeSeconds: null })
      expect(await eventsOf('price_fallback')).toEqual([])
    })

    test('do not age while the market is paused, nor do they move for that time', async () => {
      const { economy, marketId, tickLater, tick, cycle, passTime, updates, place } = await begin()
      for (const agent of ['ann', 'bob']) await place(agent, '100', WHOLE)
      await tickLater()
      await passTime(2)
      await economy.pauseMarket(marketId, 'op')
      await passTime(1000)
      expect(await cycle()).toMatchObject({ priceSource: 'live' })
      await economy.resumeMarket(marketId, 'op')
      await passTime(3)
      const { priceAgeSeconds } = await cycle()
      expect(Math.abs(priceAgeSeconds! - 5)).toBeLessThan(2)
      await tick()
      const { elapsed_ms } = (await updates()).at(-1)!
      expect(Math.abs(elapsed_ms - 5000)).toBeLessThan(2000)
    })

    test('a tick in a pause is at the moment of its beginning', async () => {
      const { economy, marketId, tick, tickLater, passTime, updates } = await begin()
      await tick()
      await passTime(4)
      await economy.pauseMarket(marketId, 'op')
      await tickLater()
      expect(Math.abs((await updates()).at(-1)!.elapsed_ms - 4000)).toBeLessThan(2000)
      expect(await tickLater()).toMatchObject({ applied: false, tick: 2 })
    })
  })

  describe(`${name}: posted prices in use`, () => {
    test('a bid below the reserved part of its posted cost is refused, with what is required', async () => {
      const { tickLater, place } = await begin({ reserveFraction: 0.5, minimumBid: '0.000001' })
      for (const agent of ['ann', 'bob']) await place(agent, '100', WHOLE)
      await tickLater()
      // 60 seconds of everything at 0.01125 and 0.01125, half of it.
      expect(await place('ann', '0.674999', WHOLE)).toMatchObject({
        ok: false,
        error: { code: 'below_reserve', required: '0.675' },
      })
      expect(await place('ann', '0.675', WHOLE)).toMatchObject({ ok: true })
    })

    test('a cycle ranks by the prices that it froze when it opened', async () => {
      const { economy, marketId, place, recordPrices } = await begin({ policy: 'posted-price' })
      await recordPrices(marketId, [10_000, 40_000])
      await place('ann', '10', { cpu: 0.5, memory: 1, durationSeconds: 60 })
      await place('bob', '10', { cpu: 1, memory: 0.5, durationSeconds: 60 })
      await economy.openCycle(marketId, 1, 'run')
      await recordPrices(marketId, [40_000, 10_000])
      const settled = await economy.settleCycle(marketId, 1)
      expect(settled).toMatchObject({ prices: { cpu: '0.01', memory: '0.04' }, winners: 1 })
      expect(settled.utilisation).toEqual({ cpu: 1, memory: 0.5 })
    })

    test('bids that were passed over are looked at again when prices changed, and only then', async () => {
      const { economy, marketId, place, cycle, recordPrices, passTime, markPublished } = await begin({
        policy: 'posted-price',
      })
      await recordPrices(marketId, [10_000, 10_000])
      await place('ann', '10', { ...WHOLE, durationSeconds: 3600 })
      await place('bob', '5', { ...WHOLE, durationSeconds: 3600 }, { goodTillCancelled: true })
      await cycle()
      await passTime(5)
      const next = async () => {
        await markPublished(marketId)
        const turn = await economy.takeTurn(marketId, false)
        return turn.ok ? turn.next.step : turn.error.code
      }
      await recordPrices(marketId, [10_000, 10_000])
      expect(await next()).toBe('sleep')
      await recordPrices(marketId, [10_000, 11_000])
      expect(await next()).toBe('clear')
    })
  })

  describe(`${name}: what a price schedule should be`, () => {
    test('is told with the period agreed on last', async () => {
      const { economy, marketId } = await begin()
      expect(await economy.findPriceSchedule(marketId)).toMatchObject({
        status: 'open',
        periodSeconds: 10,
        agreedSeconds: null,
      })
      await economy.agreePricePeriod(marketId, 10)
      await economy.changeRules(marketId, { pricePeriodSeconds: 20 }, 'op')
      await economy.pauseMarket(marketId, 'op')
      expect(await economy.findPriceSchedule(marketId)).toMatchObject({
        status: 'paused',
        periodSeconds: 20,
        agreedSeconds: 10,
      })
      expect(await economy.findPriceSchedule('nowhere')).toMatchObject({ error: { code: 'unknown_market' } })
    })
  })
}
