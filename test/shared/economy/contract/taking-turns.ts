import { describe, expect, test } from 'vitest'
import { parseEvent } from '../../../../shared/events/envelope.ts'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, described, HALF, IDLE, LONG_LIFE, placedHold, RUN, WHOLE } from './market-under-test.ts'

export function describeTakingTurns(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: taking turns`, () => {
    test('an idle market sleeps; one with new bids clears, once per cycle time', async () => {
      const { placed, cycle, asleep, passTime } = await beginMarket(
        make,
        { ann: 100 },
        { cycleSeconds: 3600 },
      )
      expect(await asleep()).toEqual(IDLE)
      await placed('ann', '1')
      expect(await asleep()).toEqual({ step: 'clear', cycle: 1 })
      await cycle()
      await placed('ann', '1')
      const next = await asleep()
      expect(next.step).toBe('wait')
      await passTime(3600)
      // The first lease is over by now, which is tidied first.
      expect(await asleep()).toEqual({ step: 'tidy' })
    })

    test('an open cycle is finished first', async () => {
      const { economy, marketId, asleep } = await beginMarket(make)
      await economy.openCycle(marketId, 1, RUN)
      expect(await asleep()).toEqual({ step: 'clear', cycle: 1 })
    })

    test('a market sleeps until a lease ends, then tidies', async () => {
      const { economy, marketId, placed, cycle, asleep, passTime } = await beginMarket(
        make,
        { ann: 100 },
        LONG_LIFE,
      )
      await placed('ann', '1')
      await cycle()
      const next = await asleep()
      expect(next.step).toBe('sleep')
      expect('seconds' in next && next.seconds).toBeGreaterThan(50)
      await passTime(60)
      expect(await asleep()).toEqual({ step: 'tidy' })
      await economy.tidyMarket(marketId)
      expect(await asleep()).toEqual(IDLE)
    })

    test('bids that cannot fit do not make it spin; returned supply makes it look again', async () => {
      const { economy, marketId, placed, cycle, asleep, passTime } = await beginMarket(
        make,
        { ann: 100 },
        LONG_LIFE,
      )
      await placed('ann', '10', WHOLE)
      await placed('ann', '5', WHOLE, { goodTillCancelled: true })
      await cycle()
      await passTime(10)
      expect(await asleep()).toMatchObject({ step: 'sleep' })
      await passTime(50)
      await economy.tidyMarket(marketId)
      expect(await asleep()).toEqual({ step: 'clear', cycle: 2 })
    })

    test('a bid that the bound kept out of the cycle after supply returned gets its look', async () => {
      const { economy, marketId, placed, cycle, asleep, passTime } = await beginMarket(
        make,
        { ann: 100 },
        { maxBidsPerCycle: 1 },
      )
      await placed('ann', '10', WHOLE)
      await cycle()
      await placed('ann', '5', HALF, { goodTillCancelled: true })
      await cycle()
      await passTime(60)
      await economy.tidyMarket(marketId)
      await placed('ann', '1', { cpu: 0.1, durationSeconds: 60 })
      expect(await cycle()).toMatchObject({ winners: 1, leftWaiting: 1 })
      await passTime(1)
      expect(await asleep()).toEqual({ step: 'clear', cycle: 4 })
      expect(await cycle()).toMatchObject({ winners: 1, revenue: '5' })
      await passTime(1)
      expect(await asleep()).toMatchObject({ step: 'sleep' })
    })

    test('by posted price, moved prices make it look again', async () => {
      const { marketId, placed, cycle, asleep, passTime, recordPrices } = await beginMarket(
        make,
        { ann: 100 },
        { policy: 'posted-price', ...LONG_LIFE },
      )
      await placed('ann', '10', WHOLE)
      await placed('ann', '5', WHOLE, { goodTillCancelled: true })
      await cycle()
      await passTime(10)
      expect(await asleep()).toMatchObject({ step: 'sleep' })
      await recordPrices(marketId, [20_000, 20_000])
      expect(await asleep()).toEqual({ step: 'clear', cycle: 2 })
    })

    test('while events wait for the stream it looks again soon', async () => {
      const { economy, marketId, turn, markPublished } = await beginMarket(make)
      expect(await economy.takeTurn(marketId, false)).toMatchObject({ unpublished: true, status: 'open' })
      expect(await turn()).toEqual({ step: 'sleep', seconds: 5 })
      await markPublished(marketId)
      expect(await turn(true)).toEqual({ step: 'sleep', seconds: 5 })
      expect(await turn()).toEqual({ step: 'sleep', seconds: null })
      expect(await described(economy, marketId)).toMatchObject({ asleep: true, wakeAt: null })
    })

    test('a change wakes a market that sleeps', async () => {
      const { economy, marketId, placed, asleep } = await beginMarket(make, { ann: 100 })
      await asleep()
      await placed('ann', '1')
      expect(await described(economy, marketId)).toMatchObject({
        asleep: false,
        wakeAt: expect.any(String),
        pendingBids: 1,
      })
    })
  })

  test(`${name}: every event is one that consumers read`, async () => {
    const { economy, ledger, marketId, place, placed, cycle, passTime, books } = await beginMarket(make, {
      ann: 100,
      bob: 9,
    })
    await placed('ann', '10', WHOLE)
    await placed('bob', '5', WHOLE)
    await place(['bob', { amount: 50, bundle: HALF }], ['bob', 'nonsense'])
    await cycle()
    await ledger.releaseHold({ marketId, holdId: await placedHold(ledger, marketId, 'ann', 1n) })
    await ledger.settleHold({ marketId, holdId: await placedHold(ledger, marketId, 'ann', 1n), to: 'bob' })
    await passTime(60)
    await economy.tidyMarket(marketId)
    await economy.changeRules(marketId, { cycleSeconds: 2 }, 'op')
    for (const { seq, eventId, type, agent, correlationId, data } of (await books()).events) {
      const text = JSON.stringify({
        event_id: eventId,
        timestamp: '2026-01-01T00:00:00.000Z',
        source: 'system',
        type,
        schema_version: 1,
        market_id: marketId,
        ...(agent === null ? {} : { agent_id: agent }),
        correlation_id: correlationId,
        epoch: 1,
        seq,
        data,
      })
      expect(parseEvent(text)).toMatchObject({ ok: true, event: { type, seq } })
    }
  })
}
