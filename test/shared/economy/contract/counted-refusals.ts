import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, HALF, IDLE } from './market-under-test.ts'

export function describeCountedRefusals(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: refusals that are only counted`, () => {
    test('are told once for each agent and reason, with their count', async () => {
      const { economy, marketId, place, passTime, eventsOf } = await beginMarket(
        make,
        { ann: 100 },
        { bidsPerSecond: 1, bidBurst: 1 },
      )
      const bid: [string, unknown] = ['ann', { amount: 1, bundle: HALF }]
      await place(bid, bid, bid, ['ann', 'nonsense'], ['eve', { amount: 1, bundle: HALF }])
      await place(['ann', null], ['eve', null])
      await place(['eve', { amount: 1, bundle: HALF }], ['mal', { amount: 1, bundle: HALF }])
      expect(await eventsOf('bid_rejected')).toEqual([])
      await passTime(1)
      expect(await economy.tidyMarket(marketId)).toMatchObject({ refusalsTold: 4 })
      const told = (await eventsOf('bid_rejected')).map(({ agent, data }) => {
        const { reason, count } = data as { reason: string; count: number }
        return `${agent} ${reason} ${count}`
      })
      expect(told.toSorted()).toEqual([
        'ann invalid_bid 2',
        'ann rate_limited 2',
        'null invalid_bid 1',
        'null unknown_agent 3',
      ])
      expect(await economy.tidyMarket(marketId)).toMatchObject({ refusalsTold: 0 })
    })

    test('come from the dead and from a closed market too, which tells them before it ends', async () => {
      const { economy, marketId, place, asleep, passTime, setAgentStatus, eventsOf } = await beginMarket(
        make,
        {
          ann: 100,
          dan: 0,
        },
      )
      const bid = { amount: 1, bundle: HALF, key: 'again' }
      await setAgentStatus(marketId, 'dan', 'dead')
      await place(['dan', bid], ['dan', bid], ['ann', { ...bid, onBehalfOf: 'dan' }])
      await economy.beginClosing(marketId, 'op')
      await economy.releaseOpenBids(marketId)
      await place(['ann', bid], ['ann', bid])
      expect(await eventsOf('bid_rejected')).toEqual([])
      expect(await asleep()).toMatchObject({ step: 'sleep', seconds: expect.any(Number) })
      await passTime(1)
      expect(await asleep()).toEqual({ step: 'tidy' })
      expect(await economy.tidyMarket(marketId)).toMatchObject({ refusalsTold: 3 })
      expect((await eventsOf('bid_rejected')).map(({ agent, data }) => ({ agent, ...data }))).toMatchObject([
        { agent: 'ann', reason: 'agent_not_alive', count: 1 },
        { agent: 'ann', reason: 'market_closed', count: 2 },
        { agent: 'dan', reason: 'agent_not_alive', count: 2 },
      ])
      expect(await asleep()).toEqual({ step: 'closed' })
    })

    test('wake a sleeping market to tell them a second later', async () => {
      const { place, asleep } = await beginMarket(make, { ann: 100 })
      expect(await asleep()).toEqual(IDLE)
      await place(['ann', 'nonsense'])
      const next = await asleep()
      expect(next).toMatchObject({ step: 'sleep', seconds: expect.any(Number) })
      expect('seconds' in next && next.seconds).toBeLessThanOrEqual(1)
    })
  })
}
