import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, described, HALF, micro, RUN } from './market-under-test.ts'

export function describeMarketsAndAgents(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: markets and agents`, () => {
    test('a market is made once, with its event', async () => {
      const { economy, marketId, eventsOf } = await beginMarket(make)
      const again = await economy.createMarket(marketId, {
        resources: [{ name: 'cpu', unit: 'cores', capacity: '4' }],
        rules: (await described(economy, marketId)).rules,
      })
      expect(again).toMatchObject({ ok: false, error: { code: 'market_exists' } })
      expect(await eventsOf('market_created')).toHaveLength(1)
    })

    test('an id that could not stand in a subject is refused', async () => {
      const { economy, marketId } = await beginMarket(make)
      const { rules, resources } = await described(economy, marketId)
      const settings = { rules, resources: resources.map(({ leased: _leased, ...resource }) => resource) }
      expect(await economy.createMarket('No Market', settings)).toMatchObject({
        ok: false,
        error: { code: 'invalid_market', field: 'marketId' },
      })
      const agent = { marketId, agent: 'a.b', creditsMicro: 0n }
      expect(await economy.registerAgent(agent)).toMatchObject({
        ok: false,
        error: { code: 'invalid_agent', field: 'agent' },
      })
    })

    test('an agent is registered once, its endowment minted', async () => {
      const { economy, marketId, books } = await beginMarket(make, { ann: 100 })
      expect(await economy.registerAgent({ marketId, agent: 'ann', creditsMicro: 5n })).toMatchObject({
        ok: false,
        error: { code: 'agent_exists' },
      })
      expect(await economy.registerAgent({ marketId, agent: 'bob', creditsMicro: 0n })).toMatchObject({
        ok: true,
        balance: '0',
      })
      const { agents, accounts, events } = await books()
      expect(agents.get('ann')).toMatchObject({ availableMicro: micro(100) })
      expect(accounts.mint).toBe(-micro(100))
      expect(events.map(event => [event.type, event.agent])).toEqual([
        ['market_created', null],
        ['agent_registered', 'ann'],
        ['credits_minted', 'ann'],
        ['agent_registered', 'bob'],
      ])
      expect(await economy.findAgent(marketId, 'ann')).toEqual({ ok: true, exists: true })
      expect(await economy.findAgent(marketId, 'eve')).toEqual({ ok: true, exists: false })
    })

    test('an endowment below zero or above all that may be minted is refused', async () => {
      const { economy, marketId } = await beginMarket(make)
      for (const creditsMicro of [-1n, micro(9e12) + 1n]) {
        expect(await economy.registerAgent({ marketId, agent: 'ann', creditsMicro })).toMatchObject({
          ok: false,
          error: { code: 'invalid_amount' },
        })
      }
    })

    test('a market mints at most 9e12 credits', async () => {
      const { economy, ledger, marketId, books } = await beginMarket(make, { ann: 9e12 })
      const bob = { marketId, agent: 'bob', creditsMicro: 1n }
      expect(await economy.registerAgent(bob)).toMatchObject({ ok: false, error: { code: 'mint_exhausted' } })
      const grant = { marketId, agent: 'ann', amountMicro: 1n, reason: 'more', key: null }
      expect(await ledger.grant(grant)).toMatchObject({ ok: false, error: { code: 'mint_exhausted' } })
      expect((await books()).accounts.mint).toBe(-micro(9e12))
    })

    test('what no market has is refused by every way', async () => {
      const { economy, ledger } = make()
      const marketId = 'no-such-market'
      const unknown = { ok: false, error: { code: 'unknown_market' } }
      const bid = { agent: 'ann', bid: { amount: 1, bundle: HALF }, via: 'cli', actor: 'test' } as const
      expect(await economy.findMarket(marketId)).toMatchObject(unknown)
      expect(await economy.findAgent(marketId, 'ann')).toMatchObject(unknown)
      expect(await economy.describeMarket(marketId)).toMatchObject(unknown)
      expect(await economy.registerAgent({ marketId, agent: 'ann', creditsMicro: 1n })).toMatchObject(unknown)
      expect(await economy.admitBids(marketId, [bid])).toMatchObject([unknown])
      expect(await economy.changeRules(marketId, {}, 'test')).toMatchObject(unknown)
      expect(await economy.openCycle(marketId, null, RUN)).toMatchObject(unknown)
      expect(await economy.takeTurn(marketId, false)).toMatchObject(unknown)
      expect(await economy.pauseMarket(marketId, 'test')).toMatchObject(unknown)
      const grant = { marketId, agent: 'ann', amountMicro: 1n, reason: 'x', key: 'k' }
      expect(await ledger.grant(grant)).toMatchObject(unknown)
    })
  })
}
