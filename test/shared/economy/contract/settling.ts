import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, micro, RUN, WHOLE } from './market-under-test.ts'

export function describeSettling(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: settling`, () => {
    test('the highest bids win and pay what they bid; losers have theirs back', async () => {
      const { placed, cycle, moneyOf, statusOf, books } = await beginMarket(make, {
        ann: 100,
        bob: 100,
        cy: 100,
      })
      const low = await placed('ann', '10')
      const high = await placed('bob', '30.25')
      const middle = await placed('cy', '20')
      expect(await cycle()).toMatchObject({
        cycle: 1,
        winners: 2,
        losers: 1,
        leftWaiting: 0,
        revenue: '50.25',
        supply: { cpu: 1, memory: 1 },
        utilisation: { cpu: 1, memory: 1 },
        priceSource: 'floor',
        cutoffScore: '20000000',
      })
      expect([await statusOf(high), await statusOf(middle), await statusOf(low)]).toEqual([
        'winning',
        'winning',
        'outbid',
      ])
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(100), heldMicro: 0n, openBids: 0 })
      expect(await moneyOf('bob')).toEqual({ availableMicro: micro(69.75), heldMicro: 0n, openBids: 0 })
      const { accounts, leasedPpm, events } = await books()
      expect(accounts.burn).toBe(micro(50.25))
      expect(leasedPpm).toEqual([1_000_000, 1_000_000])
      expect(events.slice(10).map(event => [event.type, event.agent])).toEqual([
        ['bid_processed', 'bob'],
        ['credits_burned', 'bob'],
        ['resources_allocated', 'bob'],
        ['bid_processed', 'cy'],
        ['credits_burned', 'cy'],
        ['resources_allocated', 'cy'],
        ['bid_processed', 'ann'],
        ['cycle_cleared', null],
      ])
      expect(new Set(events.slice(10).map(event => event.operation))).toEqual(new Set(['cycle/1']))
    })

    test('a tie goes to the earlier bid', async () => {
      const { placed, cycle, statusOf } = await beginMarket(make, { ann: 100, bob: 100 })
      const earlier = await placed('bob', '10', WHOLE)
      const later = await placed('ann', '10', WHOLE)
      await cycle()
      expect([await statusOf(earlier), await statusOf(later)]).toEqual(['winning', 'outbid'])
    })

    test('a tie goes to the bid that was considered in an earlier cycle', async () => {
      const { placed, cycle, statusOf, passTime } = await beginMarket(make, { ann: 100, bob: 100, cy: 100 })
      await placed('cy', '50', WHOLE)
      const waited = await placed('ann', '10', WHOLE, { goodTillCancelled: true })
      await cycle()
      const fresh = await placed('bob', '10', WHOLE)
      await passTime(61)
      await cycle()
      expect([await statusOf(waited), await statusOf(fresh)]).toEqual(['winning', 'outbid'])
    })

    test('a bundle fits entirely or not at all, and what is left goes to the next that fits', async () => {
      const { placed, cycle, statusOf } = await beginMarket(make, { ann: 100, bob: 100, cy: 100 })
      const first = await placed('ann', '30', { cpu: 0.75, memory: 0.1, durationSeconds: 60 })
      const tooLarge = await placed('bob', '20', { cpu: 0.250001, memory: 0.1, durationSeconds: 60 })
      const fits = await placed('cy', '10', { cpu: 0.25, memory: 0.9, durationSeconds: 60 })
      await cycle()
      expect([await statusOf(first), await statusOf(tooLarge), await statusOf(fits)]).toEqual([
        'winning',
        'outbid',
        'winning',
      ])
    })

    test('by posted price, the bid that pays most for its cost wins', async () => {
      const { placed, cycle, statusOf, recordPrices, marketId } = await beginMarket(
        make,
        { ann: 100, bob: 100 },
        { policy: 'posted-price' },
      )
      await recordPrices(marketId, [20_000, 10_000])
      const large = await placed('ann', '50', WHOLE)
      const small = await placed('bob', '40', { cpu: 0.5, durationSeconds: 60 })
      expect(await cycle()).toMatchObject({ priceSource: 'live', prices: { cpu: '0.02', memory: '0.01' } })
      expect([await statusOf(large), await statusOf(small)]).toEqual(['outbid', 'winning'])
    })

    test('prices that nobody renewed are the last known', async () => {
      const { cycle, recordPrices, marketId, passTime } = await beginMarket(
        make,
        {},
        { pricePeriodSeconds: 10 },
      )
      await recordPrices(marketId, [20_000, 10_000])
      await passTime(31)
      expect(await cycle()).toMatchObject({ priceSource: 'last_known', prices: { cpu: '0.02' } })
    })

    test('leases take supply until they end, which completes their bids', async () => {
      const { economy, marketId, placed, cycle, statusOf, passTime, books } = await beginMarket(make, {
        ann: 100,
      })
      const bidId = await placed('ann', '10', { cpu: 0.75, durationSeconds: 60 })
      await cycle()
      const blocked = await placed('ann', '90', { cpu: 0.5, durationSeconds: 60 })
      expect(await cycle()).toMatchObject({ winners: 0, losers: 1, supply: { cpu: 0.25, memory: 1 } })
      expect(await statusOf(blocked)).toBe('outbid')
      expect(await economy.tidyMarket(marketId)).toMatchObject({ leasesEnded: 0 })
      await passTime(60)
      expect(await economy.tidyMarket(marketId)).toMatchObject({ leasesEnded: 1 })
      expect(await economy.tidyMarket(marketId)).toMatchObject({ leasesEnded: 0 })
      expect(await statusOf(bidId)).toBe('completed')
      const { leasedPpm, events } = await books()
      expect(leasedPpm).toEqual([0, 0])
      expect(events.at(-1)).toMatchObject({ type: 'lease_ended', agent: 'ann', data: { bid_id: bidId } })
    })

    test('a settlement ends due leases itself and gives their supply away again', async () => {
      const { placed, cycle, statusOf, passTime, eventsOf } = await beginMarket(make, { ann: 100 })
      const first = await placed('ann', '10', WHOLE)
      await cycle()
      const second = await placed('ann', '10', WHOLE)
      await passTime(60)
      expect(await cycle()).toMatchObject({ winners: 1, supply: { cpu: 1, memory: 1 } })
      expect([await statusOf(first), await statusOf(second)]).toEqual(['completed', 'winning'])
      expect(await eventsOf('lease_ended')).toHaveLength(1)
    })

    test('a settled cycle answers its stored outcome and changes nothing', async () => {
      const { economy, marketId, placed, cycle, books } = await beginMarket(make, { ann: 100 })
      await placed('ann', '10')
      const outcome = await cycle()
      const before = await books()
      expect(await economy.settleCycle(marketId, 1)).toEqual(outcome)
      expect(await books()).toEqual(before)
      expect(await economy.describeMarket(marketId)).toMatchObject({ lastCycle: outcome, activeLeases: 1 })
    })

    test('two that settle one cycle at once charge nobody twice', async () => {
      const { economy, marketId, placed, moneyOf } = await beginMarket(make, { ann: 100 })
      await placed('ann', '10')
      await economy.openCycle(marketId, 1, RUN)
      const [one, other] = await Promise.all([
        economy.settleCycle(marketId, 1),
        economy.settleCycle(marketId, 1),
      ])
      expect(one).toEqual(other)
      expect(await moneyOf('ann')).toMatchObject({ availableMicro: micro(90) })
    })

    test('considers at most maxBidsPerCycle; the rest waits, visibly, and comes next', async () => {
      const { placed, cycle, statusOf, asleep, passTime } = await beginMarket(
        make,
        { ann: 100 },
        { maxBidsPerCycle: 2 },
      )
      const ids = []
      for (const amount of ['1', '2', '3', '4', '5']) ids.push(await placed('ann', amount, WHOLE))
      expect(await cycle()).toMatchObject({ winners: 1, losers: 1, leftWaiting: 3, revenue: '2' })
      await passTime(1)
      expect(await asleep()).toMatchObject({ step: 'clear', cycle: 2 })
      expect(await cycle()).toMatchObject({ winners: 0, losers: 2, leftWaiting: 1 })
      expect(await cycle()).toMatchObject({ winners: 0, losers: 1, leftWaiting: 0 })
      expect(await Promise.all(ids.map(statusOf))).toEqual([
        'outbid',
        'winning',
        'outbid',
        'outbid',
        'outbid',
      ])
    })

    test('bids never considered come before those that were passed over', async () => {
      const { placed, cycle, statusOf } = await beginMarket(make, { ann: 100 }, { maxBidsPerCycle: 1 })
      const high = await placed('ann', '10', WHOLE)
      await cycle()
      const passedOver = await placed('ann', '9', WHOLE, { goodTillCancelled: true })
      await cycle()
      const fresh = await placed('ann', '1', WHOLE)
      expect(await cycle()).toMatchObject({ losers: 1, leftWaiting: 1 })
      expect([await statusOf(high), await statusOf(passedOver), await statusOf(fresh)]).toEqual([
        'winning',
        'pending',
        'outbid',
      ])
    })
  })
}
