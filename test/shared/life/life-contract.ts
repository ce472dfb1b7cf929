import { describe, expect, test } from 'vitest'
import type { EventName } from '../../../shared/events/registry.ts'
import type { MarketRules } from '../../../shared/market/rules.ts'
import { expectConserved } from '../economy/conservation.ts'
import type { EconomyUnderTest } from '../economy/economy-under-test.ts'
import { openMarket } from '../economy/fresh-market.ts'

const BUNDLE = { cpu: 0.5, memory: 0.5, durationSeconds: 60 }
const LIFE: readonly EventName[] = ['agent_dormant', 'agent_awake', 'agent_died']

/** How agents live on every implementation of the economy; `make` gives one. */
export function describeLife(name: string, make: () => EconomyUnderTest): void {
  async function begin(agents: Record<string, number>, rules: Partial<MarketRules> = {}) {
    const under = make()
    const { economy, ledger } = under
    const marketId = await openMarket(under, agents, { dormantAfterSeconds: 100, ...rules })
    const placed = async (agent: string, amount: string, more: object = {}) => {
      const bid = { amount, bundle: BUNDLE, ...more }
      const [verdict] = await economy.admitBids(marketId, [{ agent, bid, via: 'cli', actor: 'test' }])
      if (!verdict?.ok) throw new Error(`not admitted: ${JSON.stringify(verdict)}`)
      return verdict.bidId
    }
    const cycle = async () => {
      const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
      if (!opened.ok) throw new Error(opened.error.message)
      return await economy.settleCycle(marketId, opened.cycle)
    }
    const passTime = (seconds: number) => under.passTime(marketId, seconds)
    const tidy = () => economy.tidyMarket(marketId)
    /** What agents went through, as `<agent> <change>`. */
    const lives = async () => {
      const books = await under.readBooks(marketId)
      expectConserved(books)
      return books.events
        .filter(({ type }) => LIFE.includes(type))
        .map(({ agent, type, data }) => {
          const change = type.slice('agent_'.length)
          const { reason, awakened_by: wakener, waker_id: waker } = data as Record<string, string>
          return [agent, change, reason ?? wakener, waker].filter(word => word !== undefined).join(' ')
        })
    }
    const turn = async () => {
      await under.markPublished(marketId)
      const taken = await economy.takeTurn(marketId, false)
      if (!taken.ok) throw new Error(taken.error.message)
      return taken.next
    }
    return { ...under, economy, ledger, marketId, placed, cycle, passTime, tidy, lives, turn }
  }

  describe(`${name}: falling dormant`, () => {
    test('an idle agent is dormant after its time, and then costs the market nothing', async () => {
      const { turn, passTime, tidy, lives } = await begin({ ann: 10 })
      const next = await turn()
      expect('seconds' in next && next.seconds).toBeGreaterThan(90)
      await passTime(99)
      expect(await tidy()).toMatchObject({ livesChanged: 0 })
      await passTime(2)
      expect(await turn()).toEqual({ step: 'tidy' })
      expect(await tidy()).toMatchObject({ livesChanged: 1 })
      expect(await lives()).toEqual(['ann dormant voluntary'])
      expect(await turn()).toEqual({ step: 'sleep', seconds: null })
    })

    test('not while it has an open bid or a lease, as payer or as beneficiary', async () => {
      const { placed, cycle, passTime, tidy, lives } = await begin({ ann: 10, bob: 10, cy: 10 })
      await placed('ann', '5', { onBehalfOf: 'bob', goodTillCancelled: true })
      await passTime(101)
      await tidy()
      expect(await lives()).toEqual(['cy dormant voluntary'])
      await cycle()
      await passTime(159)
      await tidy()
      expect(await lives()).toEqual(['cy dormant voluntary'])
      await passTime(2)
      await tidy()
      expect(await lives()).toEqual([
        'cy dormant voluntary',
        'ann dormant voluntary',
        'bob dormant voluntary',
      ])
    })

    test('its time begins anew with the end of a bid, lost, cancelled or expired', async () => {
      const { economy, marketId, now, placed, passTime, tidy, lives } = await begin({
        ann: 10,
        bob: 10,
        cy: 10,
      })
      const bidId = await placed('ann', '5', { onBehalfOf: 'cy' })
      await placed('bob', '5', { expiresAt: new Date((await now()) + 90_000).toISOString() })
      await passTime(90)
      await tidy()
      await economy.cancelBid({ marketId, agent: 'ann', bidId })
      await passTime(90)
      expect(await tidy()).toMatchObject({ livesChanged: 0 })
      await passTime(15)
      expect(await tidy()).toMatchObject({ livesChanged: 3 })
      expect(await lives()).toHaveLength(3)
    })

    test('with less than the minimum bid at the end of its lease, in the same settlement or tidying', async () => {
      const { placed, cycle, passTime, tidy, lives } = await begin({ ann: 10, bob: 20 }, { minimumBid: '2' })
      await placed('ann', '9')
      await cycle()
      await tidy()
      expect(await lives()).toEqual([])
      await passTime(60)
      expect(await tidy()).toMatchObject({ leasesEnded: 1, livesChanged: 1 })
      expect(await lives()).toEqual(['ann dormant insufficient_credits'])
      await placed('bob', '19')
      await cycle()
      await passTime(60)
      await cycle()
      expect(await lives()).toContain('bob dormant insufficient_credits')
    })

    test('a newcomer without credits is given its time', async () => {
      const { passTime, tidy, lives } = await begin({ ann: 0 })
      await passTime(50)
      await tidy()
      expect(await lives()).toEqual([])
      await passTime(51)
      await tidy()
      expect(await lives()).toEqual(['ann dormant insufficient_credits'])
    })

    test('a changed rule holds for those who are idle already', async () => {
      const { economy, marketId, passTime, tidy, lives, turn } = await begin({ ann: 10 })
      await passTime(20)
      await economy.changeRules(marketId, { dormantAfterSeconds: 10 }, 'op')
      expect(await turn()).toEqual({ step: 'tidy' })
      await tidy()
      expect(await lives()).toEqual(['ann dormant voluntary'])
    })

    test('nobody changes once the market closes', async () => {
      const { economy, marketId, passTime, tidy, lives, turn } = await begin({ ann: 10 })
      await economy.beginClosing(marketId, 'op')
      await economy.releaseOpenBids(marketId)
      await passTime(1000)
      expect(await turn()).toEqual({ step: 'closed' })
      await tidy()
      expect(await lives()).toEqual([])
    })
  })

  describe(`${name}: waking`, () => {
    test('by its own win, or by that of one who bid for it, once', async () => {
      const { placed, cycle, passTime, tidy, lives } = await begin({ ann: 10, bob: 10, cy: 10 })
      await passTime(101)
      await tidy()
      await placed('ann', '2')
      await placed('cy', '3', { onBehalfOf: 'bob' })
      await placed('cy', '1', { onBehalfOf: 'bob' })
      await cycle()
      const woken = (await lives()).slice(3)
      expect(woken.toSorted()).toEqual(['ann awake self', 'bob awake agent cy'])
      await passTime(161)
      await tidy()
      expect((await lives()).slice(5).toSorted()).toEqual(['ann dormant voluntary', 'bob dormant voluntary'])
    })

    test('not by a bid that loses', async () => {
      const { placed, cycle, passTime, tidy, lives } = await begin({ ann: 10, bob: 100 })
      await passTime(101)
      await tidy()
      await placed('ann', '2', { bundle: { cpu: 1, durationSeconds: 60 } })
      await placed('bob', '50', { bundle: { cpu: 1, durationSeconds: 60 } })
      await cycle()
      expect((await lives()).slice(2)).toEqual(['bob awake self'])
    })
  })

  describe(`${name}: dying`, () => {
    /** Ann has spent all she had, and her lease is over. */
    async function spent(rules: Partial<MarketRules> = {}) {
      const world = await begin({ ann: 10, bob: 100 }, rules)
      await world.placed('ann', '10')
      await world.cycle()
      await world.passTime(60)
      await world.tidy()
      expect(await world.lives()).toEqual(['ann dormant insufficient_credits'])
      return world
    }

    test('without any credits, after as long again', async () => {
      const { passTime, tidy, lives, turn, placed } = await spent()
      await passTime(99)
      await tidy()
      expect(await lives()).not.toContain('ann died insufficient_credits')
      await passTime(2)
      await tidy()
      expect(await lives()).toContain('ann died insufficient_credits')
      await passTime(1000)
      await tidy()
      expect(await turn()).toEqual({ step: 'sleep', seconds: null })
      await expect(placed('bob', '5', { onBehalfOf: 'ann' })).rejects.toThrow('agent_not_alive')
    })

    test('not with credits, were they less than any bid', async () => {
      const { ledger, marketId, passTime, tidy, lives } = await spent()
      await ledger.transfer({ marketId, from: 'bob', to: 'ann', amountMicro: 1n, purpose: 'alms', key: null })
      await passTime(101)
      await tidy()
      expect(await lives()).not.toContain('ann died insufficient_credits')
      await ledger.transfer({ marketId, from: 'ann', to: 'bob', amountMicro: 1n, purpose: 'back', key: null })
      await passTime(1)
      await tidy()
      expect(await lives()).toContain('ann died insufficient_credits')
    })

    test('not while somebody bids for it; the win wakes it', async () => {
      const { placed, cycle, passTime, tidy, lives } = await spent()
      await placed('bob', '5', { onBehalfOf: 'ann', goodTillCancelled: true })
      await passTime(1000)
      await tidy()
      await cycle()
      const ofAnn = async () => (await lives()).filter(life => life.startsWith('ann')).slice(1)
      expect(await ofAnn()).toEqual(['ann awake agent bob'])
      await passTime(60)
      await tidy()
      expect(await ofAnn()).toEqual(['ann awake agent bob', 'ann dormant insufficient_credits'])
    })

    test('not in a market without mortality, until it has it', async () => {
      const { economy, marketId, passTime, tidy, lives } = await spent({ mortality: false })
      await passTime(1000)
      await tidy()
      expect(await lives()).not.toContain('ann died insufficient_credits')
      await economy.changeRules(marketId, { mortality: true }, 'op')
      await tidy()
      expect(await lives()).toContain('ann died insufficient_credits')
    })
  })
}
