import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, HALF, IDLE, micro, RUN, WHOLE } from './market-under-test.ts'

export function describeRulesAndStatus(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: rules and status`, () => {
    test('rules change by name, with one event; an open cycle keeps what it froze', async () => {
      const { economy, marketId, placed, eventsOf } = await beginMarket(make, { ann: 100 })
      await placed('ann', '1', WHOLE)
      await placed('ann', '2', WHOLE)
      await economy.openCycle(marketId, 1, RUN)
      expect(
        await economy.changeRules(marketId, { maxBidsPerCycle: 1, cycleSeconds: 1 }, 'op'),
      ).toMatchObject({
        ok: true,
        rules: { maxBidsPerCycle: 1 },
      })
      expect((await eventsOf('market_rules_changed')).map(event => event.data)).toEqual([
        { before: { maxBidsPerCycle: 100_000 }, after: { maxBidsPerCycle: 1 }, actor: 'op' },
      ])
      expect(await economy.settleCycle(marketId, 1)).toMatchObject({ winners: 1, losers: 1 })
    })

    test('a rule that is unknown or out of bounds is refused; changing nothing tells nothing', async () => {
      const { economy, marketId, eventsOf } = await beginMarket(make)
      for (const changes of [{ speed: 1 }, { cycleSeconds: 0 }, null, [1]]) {
        expect(await economy.changeRules(marketId, changes, 'op')).toMatchObject({
          ok: false,
          error: { code: 'invalid_rules' },
        })
      }
      expect(await economy.changeRules(marketId, { cycleSeconds: 1 }, 'op')).toMatchObject({ ok: true })
      expect(await eventsOf('market_rules_changed')).toEqual([])
    })

    test('a paused market admits, clears only by step, and goes on when resumed', async () => {
      const { economy, marketId, placed, cycle, asleep, passTime, eventsOf } = await beginMarket(make, {
        ann: 100,
      })
      expect(await economy.pauseMarket(marketId, 'op')).toEqual({ ok: true, status: 'paused' })
      expect(await economy.pauseMarket(marketId, 'op')).toEqual({ ok: true, status: 'paused' })
      await placed('ann', '1')
      expect(await asleep()).toEqual(IDLE)
      expect(await cycle()).toMatchObject({ winners: 1 })
      await placed('ann', '1')
      expect(await economy.resumeMarket(marketId, 'op')).toEqual({ ok: true, status: 'open' })
      await passTime(1)
      expect(await asleep()).toEqual({ step: 'clear', cycle: 2 })
      expect(await eventsOf('market_paused')).toHaveLength(1)
      expect(await eventsOf('market_resumed')).toHaveLength(1)
    })

    test('a closing market admits nothing, releases what is open, and is closed', async () => {
      const { economy, marketId, placed, codesOf, moneyOf, asleep, passTime } = await beginMarket(make, {
        ann: 100,
      })
      await placed('ann', '10')
      await placed('ann', '20')
      expect(await economy.releaseOpenBids(marketId)).toEqual({ released: 0, closed: false })
      expect(await economy.beginClosing(marketId, 'op')).toEqual({ ok: true, status: 'closing' })
      expect(await economy.beginClosing(marketId, 'op')).toEqual({ ok: true, status: 'closing' })
      expect(await codesOf(['ann', { amount: 1, bundle: HALF }])).toEqual(['market_closed'])
      expect(await asleep()).toEqual({ step: 'release' })
      expect(await economy.releaseOpenBids(marketId)).toEqual({ released: 2, closed: false })
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(100), heldMicro: 0n, openBids: 0 })
      expect(await economy.releaseOpenBids(marketId)).toEqual({ released: 0, closed: true })
      expect(await economy.releaseOpenBids(marketId)).toEqual({ released: 0, closed: true })
      expect(await economy.beginClosing(marketId, 'op')).toEqual({ ok: true, status: 'closed' })
      await passTime(1)
      expect(await economy.tidyMarket(marketId)).toMatchObject({ refusalsTold: 1 })
      expect(await asleep()).toEqual({ step: 'closed' })
      const closed = { ok: false, error: { code: 'market_closed' } }
      expect(await economy.resumeMarket(marketId, 'op')).toMatchObject(closed)
      expect(await economy.openCycle(marketId, null, RUN)).toMatchObject(closed)
      expect(await economy.changeRules(marketId, { cycleSeconds: 2 }, 'op')).toMatchObject(closed)
      const bob = { marketId, agent: 'bob', creditsMicro: 0n }
      expect(await economy.registerAgent(bob)).toMatchObject(closed)
    })

    test('a market that closes finishes the cycle that is open', async () => {
      const { economy, marketId, placed, asleep, statusOf } = await beginMarket(make, { ann: 100 })
      const bidId = await placed('ann', '10')
      await economy.openCycle(marketId, 1, RUN)
      await economy.beginClosing(marketId, 'op')
      expect(await economy.releaseOpenBids(marketId)).toEqual({ released: 0, closed: false })
      expect(await asleep()).toEqual({ step: 'clear', cycle: 1 })
      await economy.settleCycle(marketId, 1)
      expect(await statusOf(bidId)).toBe('winning')
    })
  })
}
