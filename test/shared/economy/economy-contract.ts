import { describe, expect, test } from 'vitest'
import type { BidSubmission } from '../../../shared/economy/economy.ts'
import { parseEvent } from '../../../shared/events/envelope.ts'
import type { MarketRules } from '../../../shared/market/rules.ts'
import { expectConserved } from './conservation.ts'
import type { EconomyUnderTest, WrittenEvent } from './economy-under-test.ts'
import { openMarket } from './fresh-market.ts'

const HALF = { cpu: 0.5, memory: 0.5, durationSeconds: 60 }
const WHOLE = { cpu: 1, memory: 1, durationSeconds: 60 }
const RUN = 'run-1'
/** Agents stay alive for as long as a test lets pass. */
const LONG_LIFE = { dormantAfterSeconds: 1_000_000 }
/** Nothing is due but, one day, the dormancy of who is alive. */
const IDLE = { step: 'sleep', seconds: expect.any(Number) }

/** What every implementation of the economy must do; `make` gives one, for as many markets as the tests open. */
export function describeEconomy(name: string, make: () => EconomyUnderTest): void {
  /** A fresh market and short ways to act in it. */
  async function begin(agents: Record<string, number> = {}, rules: Partial<MarketRules> = {}) {
    const under = make()
    const { economy, ledger } = under
    const marketId = await openMarket(under, agents, rules)
    const submission = (agent: string, bid: unknown): BidSubmission => ({
      agent,
      bid,
      via: 'cli',
      actor: 'test',
    })
    const place = (...bids: [agent: string, bid: unknown][]) =>
      economy.admitBids(
        marketId,
        bids.map(([agent, bid]) => submission(agent, bid)),
      )
    const codesOf = async (...bids: [agent: string, bid: unknown][]) =>
      (await place(...bids)).map(verdict => (verdict.ok ? 'ok' : verdict.error.code))
    /** Places one bid that must be admitted, and answers its id. */
    const placed = async (agent: string, amount: string, bundle: object = HALF, more: object = {}) => {
      const [verdict] = await place([agent, { amount, bundle, ...more }])
      if (!verdict?.ok) throw new Error(`not admitted: ${JSON.stringify(verdict)}`)
      return verdict.bidId
    }
    const cycle = async () => {
      const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
      if (!opened.ok) throw new Error(opened.error.message)
      return await economy.settleCycle(marketId, opened.cycle)
    }
    const books = async () => {
      const read = await under.readBooks(marketId)
      expectConserved(read)
      return read
    }
    const moneyOf = async (agent: string) => (await books()).agents.get(agent)!
    const statusOf = async (bidId: string) => (await books()).bids.find(bid => bid.bidId === bidId)?.status
    const eventsOf = async (type: WrittenEvent['type']) =>
      (await books()).events.filter(event => event.type === type)
    const turn = async (publishing = false) => {
      const taken = await economy.takeTurn(marketId, publishing)
      if (!taken.ok) throw new Error(taken.error.message)
      return taken.next
    }
    const asleep = async () => {
      await under.markPublished(marketId)
      return await turn()
    }
    const passTime = (seconds: number) => under.passTime(marketId, seconds)
    const short = {
      place,
      codesOf,
      placed,
      cycle,
      books,
      moneyOf,
      statusOf,
      eventsOf,
      turn,
      asleep,
      passTime,
    }
    return { ...under, ...short, marketId, economy, ledger }
  }

  const micro = (credits: number) => BigInt(Math.round(credits * 1_000_000))

  describe(`${name}: markets and agents`, () => {
    test('a market is made once, with its event', async () => {
      const { economy, marketId, eventsOf } = await begin()
      const again = await economy.createMarket(marketId, {
        resources: [{ name: 'cpu', unit: 'cores', capacity: '4' }],
        rules: (await described(economy, marketId)).rules,
      })
      expect(again).toMatchObject({ ok: false, error: { code: 'market_exists' } })
      expect(await eventsOf('market_created')).toHaveLength(1)
    })

    test('an id that could not stand in a subject is refused', async () => {
      const { economy, marketId } = await begin()
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
      const { economy, marketId, books } = await begin({ ann: 100 })
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
      const { economy, marketId } = await begin()
      for (const creditsMicro of [-1n, micro(9e12) + 1n]) {
        expect(await economy.registerAgent({ marketId, agent: 'ann', creditsMicro })).toMatchObject({
          ok: false,
          error: { code: 'invalid_amount' },
        })
      }
    })

    test('a market mints at most 9e12 credits', async () => {
      const { economy, ledger, marketId, books } = await begin({ ann: 9e12 })
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

  describe(`${name}: admission`, () => {
    test('holds the amount, in balance but not available', async () => {
      const { place, moneyOf, eventsOf } = await begin({ ann: 100 })
      const [verdict] = await place(['ann', { amount: '60.5', bundle: HALF }])
      expect(verdict).toMatchObject({ ok: true, status: 'pending', held: '60.5' })
      expect(await moneyOf('ann')).toEqual({
        availableMicro: micro(39.5),
        heldMicro: micro(60.5),
        openBids: 1,
      })
      expect((await eventsOf('bid_placed')).map(event => event.data)).toMatchObject([
        {
          payer_id: 'ann',
          beneficiary_id: 'ann',
          bundle: { cpu: 0.5, memory: 0.5, durationSeconds: 60 },
          total_cost: '60.5',
          via: 'cli',
          actor: 'test',
        },
      ])
    })

    test('refuses what the balance does not cover, saying what is needed and what there is', async () => {
      const { place, eventsOf } = await begin({ ann: 100 })
      const verdicts = await place(
        ['ann', { amount: 60, bundle: HALF }],
        ['ann', { amount: '40.000001', bundle: HALF }],
      )
      const refusal = { required: '40.000001', available: '40' }
      expect(verdicts[1]).toMatchObject({
        ok: false,
        error: { code: 'insufficient_balance', field: 'amount', ...refusal },
      })
      const [event] = await eventsOf('bid_rejected')
      expect(event).toMatchObject({
        agent: 'ann',
        data: { reason: 'insufficient_balance', ...refusal, count: 1 },
      })
    })

    test('refuses an amount below the reserve, saying what is needed', async () => {
      const { place, codesOf } = await begin({ ann: 100 }, { minimumBid: '2.5' })
      expect(await place(['ann', { amount: '2.499999', bundle: HALF }])).toMatchObject([
        { ok: false, error: { code: 'below_reserve', required: '2.5', available: '100' } },
      ])
      expect(await codesOf(['ann', { amount: '2.5', bundle: HALF }])).toEqual(['ok'])
    })

    test('the reserve follows the posted prices', async () => {
      const { place, codesOf, recordPrices, marketId } = await begin({ ann: 1000 }, { reserveFraction: 0.5 })
      // Half of each for 60 seconds at 2 and 3 credits per second costs 150.
      await recordPrices(marketId, [2_000_000, 3_000_000])
      expect(await place(['ann', { amount: '74.999999', bundle: HALF }])).toMatchObject([
        { ok: false, error: { code: 'below_reserve', required: '75', available: '1000' } },
      ])
      expect(await codesOf(['ann', { amount: 75, bundle: HALF }])).toEqual(['ok'])
    })

    test('refuses more open bids than allowed; a cancelled one makes room', async () => {
      const { economy, marketId, codesOf, placed } = await begin({ ann: 100 }, { maxOpenBids: 2 })
      const first = await placed('ann', '1')
      await placed('ann', '1')
      expect(await codesOf(['ann', { amount: 1, bundle: HALF }])).toEqual(['too_many_open_bids'])
      await economy.cancelBid({ marketId, agent: 'ann', bidId: first })
      expect(await codesOf(['ann', { amount: 1, bundle: HALF }])).toEqual(['ok'])
    })

    test('refuses bids that come too often, every known bid spending, and takes them again later', async () => {
      const { codesOf, passTime } = await begin({ ann: 100 }, { bidsPerSecond: 1, bidBurst: 2 })
      const good: [string, unknown] = ['ann', { amount: 1, bundle: HALF }]
      const bad: [string, unknown] = ['ann', { amount: 500, bundle: HALF }]
      expect(await codesOf(good, bad, good)).toEqual(['ok', 'insufficient_balance', 'rate_limited'])
      await passTime(1)
      expect(await codesOf(good)).toEqual(['ok'])
    })

    test('no rate limit: as many as one likes', async () => {
      const { codesOf } = await begin({ ann: 100 }, { bidsPerSecond: null, bidBurst: 1 })
      const bid: [string, unknown] = ['ann', { amount: 1, bundle: HALF }]
      expect(await codesOf(bid, bid, bid)).toEqual(['ok', 'ok', 'ok'])
    })

    test('refuses a bundle the market does not sell or cannot hold', async () => {
      const { place } = await begin({ ann: 100 })
      const bundles = [
        { cpu: 1.000001, durationSeconds: 1 },
        { gpu: 0.1, durationSeconds: 1 },
        { cpu: 0.1, durationSeconds: 86_401 },
        { cpu: 0, durationSeconds: 1 },
      ]
      const verdicts = await place(
        ...bundles.map((bundle): [string, unknown] => ['ann', { amount: 1, bundle }]),
      )
      expect(verdicts.map(verdict => !verdict.ok && [verdict.error.code, verdict.error.field])).toEqual([
        ['invalid_bundle', 'bundle.cpu'],
        ['invalid_bundle', 'bundle.gpu'],
        ['invalid_bundle', 'bundle.durationSeconds'],
        ['invalid_bundle', 'bundle.bundle'],
      ])
    })

    test('refuses what is no bid before anything is read', async () => {
      const { codesOf } = await begin({ ann: 100 })
      const wrong = [null, 'bid', {}, { amount: 0, bundle: HALF }, { amount: 1, bundle: HALF, more: 1 }]
      expect(await codesOf(...wrong.map((bid): [string, unknown] => ['ann', bid]))).toEqual(
        wrong.map(() => 'invalid_bid'),
      )
    })

    test('hostile text in a bid is refused and takes no other bid with it', async () => {
      const { codesOf } = await begin({ ann: 100 })
      const hostile: [string, unknown][] = [
        ['ann', { amount: 1, bundle: HALF, key: 'a\u0000b' }],
        ['ann', { amount: 1, bundle: HALF, key: '\ud800' }],
        ['ann', { amount: 1, bundle: { '\u0000': 1, durationSeconds: 1 }, key: 'k1' }],
        ['ann', { amount: 1, bundle: { '\udfff': 1, durationSeconds: 1 }, key: 'k2' }],
      ]
      expect(await codesOf(...hostile, ['a\u0000', { amount: 1, bundle: HALF }])).toEqual([
        ...hostile.map(() => 'invalid_bid'),
        'unknown_agent',
      ])
      expect(await codesOf(['ann', { amount: 1, bundle: HALF }], ...hostile)).toEqual([
        'ok',
        ...hostile.map(() => 'invalid_bid'),
      ])
    })

    test('refuses the unknown and the dead, as payer and as beneficiary', async () => {
      const { codesOf, setAgentStatus, marketId } = await begin({ ann: 100, bob: 100, dan: 100 })
      await setAgentStatus(marketId, 'bob', 'dead')
      await setAgentStatus(marketId, 'dan', 'dormant')
      const bid = { amount: 1, bundle: HALF }
      expect(
        await codesOf(
          ['eve', bid],
          ['ann', { ...bid, onBehalfOf: 'eve' }],
          ['bob', bid],
          ['ann', { ...bid, onBehalfOf: 'bob' }],
          ['dan', bid],
        ),
      ).toEqual(['unknown_agent', 'unknown_agent', 'agent_not_alive', 'agent_not_alive', 'ok'])
    })

    test('a batch with good and bad bids admits the good ones, each verdict in its place', async () => {
      const { codesOf, books } = await begin({ ann: 100, bob: 10 })
      expect(
        await codesOf(
          ['ann', { amount: 50, bundle: HALF }],
          ['ann', 'nonsense'],
          ['bob', { amount: 11, bundle: HALF }],
          ['eve', { amount: 1, bundle: HALF }],
          ['ann', { amount: 51, bundle: HALF }],
          ['bob', { amount: 10, bundle: HALF }],
        ),
      ).toEqual(['ok', 'invalid_bid', 'insufficient_balance', 'unknown_agent', 'insufficient_balance', 'ok'])
      const { events } = await books()
      expect(events.slice(5).map(event => [event.type, event.agent])).toEqual([
        ['bid_placed', 'ann'],
        ['bid_rejected', 'bob'],
        ['bid_rejected', 'ann'],
        ['bid_placed', 'bob'],
      ])
    })

    test('the payer holds and pays, the beneficiary gets the lease', async () => {
      const { placed, cycle, moneyOf, books } = await begin({ ann: 100, bob: 0 })
      await placed('ann', '30', HALF, { onBehalfOf: 'bob' })
      expect(await moneyOf('ann')).toMatchObject({ heldMicro: micro(30), openBids: 1 })
      expect(await moneyOf('bob')).toMatchObject({ heldMicro: 0n, openBids: 0 })
      await cycle()
      expect(await moneyOf('ann')).toMatchObject({ availableMicro: micro(70), heldMicro: 0n })
      const { leases, events } = await books()
      expect(leases).toMatchObject([{ beneficiary: 'bob', status: 'active' }])
      expect(events.filter(event => event.agent === 'bob').map(event => event.type)).toEqual([
        'agent_registered',
        'resources_allocated',
      ])
    })

    test('a replay under a key answers the first outcome and moves nothing', async () => {
      const { place, books } = await begin({ ann: 100 })
      const bid = { amount: '60', bundle: HALF, key: 'k' }
      const sameBid = { key: 'k', bundle: { durationSeconds: 60, memory: 0.5, cpu: 0.5 }, amount: 60 }
      const [first] = await place(['ann', bid])
      const before = await books()
      expect(await place(['ann', sameBid], ['ann', bid])).toEqual([first, first])
      expect(await books()).toEqual(before)
    })

    test('a refusal is replayed too, even when it would be admitted now', async () => {
      const { place, ledger, marketId } = await begin({ ann: 10 })
      const bid = { amount: 60, bundle: HALF, key: 'k' }
      const [refused] = await place(['ann', bid])
      expect(refused).toMatchObject({ ok: false, error: { code: 'insufficient_balance' } })
      await ledger.grant({ marketId, agent: 'ann', amountMicro: micro(100), reason: 'more', key: null })
      expect(await place(['ann', bid])).toEqual([refused])
    })

    test('a bid refused for its rate is judged afresh under the same key', async () => {
      const { codesOf, passTime } = await begin({ ann: 100 }, { bidsPerSecond: 1, bidBurst: 1 })
      const bid = { amount: 1, bundle: HALF }
      expect(
        await codesOf(['ann', bid], ['ann', { ...bid, key: 'k' }], ['ann', { ...bid, amount: 2, key: 'k' }]),
      ).toEqual(['ok', 'rate_limited', 'rate_limited'])
      await passTime(1)
      expect(await codesOf(['ann', { ...bid, key: 'k' }])).toEqual(['ok'])
    })

    test('another bid under a used key is a conflict, within a batch too; another agent has its own keys', async () => {
      const { codesOf } = await begin({ ann: 100, bob: 100 })
      const bid = { amount: 1, bundle: HALF, key: 'k' }
      const other = { ...bid, amount: 2 }
      expect(await codesOf(['ann', bid], ['ann', other], ['ann', bid], ['bob', other])).toEqual([
        'ok',
        'idempotency_conflict',
        'ok',
        'ok',
      ])
      expect(await codesOf(['ann', other])).toEqual(['idempotency_conflict'])
    })
  })

  describe(`${name}: cancelling and expiry`, () => {
    test('releases the hold, once; asked again it answers the same', async () => {
      const { economy, marketId, placed, moneyOf, eventsOf } = await begin({ ann: 100 })
      const bidId = await placed('ann', '60')
      const request = { marketId, agent: 'ann', bidId }
      const cancelled = { ok: true, bidId, status: 'cancelled', released: '60' }
      expect(await economy.cancelBid(request)).toEqual(cancelled)
      expect(await economy.cancelBid(request)).toEqual(cancelled)
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(100), heldMicro: 0n, openBids: 0 })
      expect(await eventsOf('bid_cancelled')).toHaveLength(1)
    })

    test('comes too late after a settlement', async () => {
      const { economy, marketId, placed, cycle } = await begin({ ann: 100, bob: 100 })
      const won = await placed('ann', '60', WHOLE)
      const lost = await placed('bob', '50', WHOLE)
      await cycle()
      expect(await economy.cancelBid({ marketId, agent: 'ann', bidId: won })).toMatchObject({
        ok: false,
        error: { code: 'bid_not_open', message: expect.stringContaining('winning') },
      })
      expect(await economy.cancelBid({ marketId, agent: 'bob', bidId: lost })).toMatchObject({
        ok: false,
        error: { code: 'bid_not_open', message: expect.stringContaining('outbid') },
      })
    })

    test('is for the payer alone, and for a bid that is there', async () => {
      const { economy, marketId, placed, statusOf } = await begin({ ann: 100, bob: 100 })
      const bidId = await placed('ann', '60', HALF, { onBehalfOf: 'bob' })
      const unknown = { ok: false, error: { code: 'unknown_bid', field: 'bidId' } }
      expect(await economy.cancelBid({ marketId, agent: 'bob', bidId })).toMatchObject(unknown)
      expect(await economy.cancelBid({ marketId, agent: 'ann', bidId: crypto.randomUUID() })).toMatchObject(
        unknown,
      )
      expect(await economy.cancelBid({ marketId, agent: 'ann', bidId: 'x' })).toMatchObject(unknown)
      expect(await statusOf(bidId)).toBe('pending')
    })

    test('a bid leaves the book when it expires, its hold released', async () => {
      const { economy, marketId, placed, passTime, statusOf, moneyOf, eventsOf } = await begin({ ann: 100 })
      const expiresAt = new Date((await nowOf(economy, marketId)) + 60_000).toISOString()
      const bidId = await placed('ann', '60', HALF, { expiresAt, goodTillCancelled: true })
      expect(await economy.tidyMarket(marketId)).toMatchObject({ bidsExpired: 0 })
      await passTime(61)
      expect(await economy.tidyMarket(marketId)).toMatchObject({ bidsExpired: 1 })
      expect(await statusOf(bidId)).toBe('expired')
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(100), heldMicro: 0n, openBids: 0 })
      expect((await eventsOf('bid_expired')).map(event => event.data)).toEqual([
        { bid_id: bidId, released: '60' },
      ])
      expect(await economy.tidyMarket(marketId)).toMatchObject({ bidsExpired: 0 })
    })

    test('a bid that has expired wins nothing, though nobody tidied', async () => {
      const { economy, marketId, placed, passTime, statusOf, cycle } = await begin({ ann: 100 })
      const expiresAt = new Date((await nowOf(economy, marketId)) + 60_000).toISOString()
      const bidId = await placed('ann', '60', HALF, { expiresAt })
      await passTime(61)
      expect(await cycle()).toMatchObject({ winners: 0, losers: 0, revenue: '0' })
      expect(await statusOf(bidId)).toBe('expired')
    })

    test('good till cancelled: a loser stays in the book and wins when there is room', async () => {
      const { placed, cycle, statusOf, passTime, eventsOf, moneyOf } = await begin({ ann: 100, bob: 100 })
      await placed('ann', '60', WHOLE)
      const stays = await placed('bob', '50', WHOLE, { goodTillCancelled: true })
      expect(await cycle()).toMatchObject({ winners: 1, losers: 0, leftWaiting: 1 })
      expect(await statusOf(stays)).toBe('pending')
      expect(await moneyOf('bob')).toMatchObject({ heldMicro: micro(50) })
      expect(await eventsOf('bid_processed')).toHaveLength(1)
      await passTime(61)
      expect(await cycle()).toMatchObject({ winners: 1, revenue: '50' })
      expect(await statusOf(stays)).toBe('winning')
    })
  })

  describe(`${name}: opening cycles`, () => {
    test('the first is 1; the open one is found by its number and without one', async () => {
      const { economy, marketId } = await begin()
      const opened = { ok: true, cycle: 1, settled: false }
      expect(await economy.openCycle(marketId, null, RUN)).toEqual(opened)
      expect(await economy.openCycle(marketId, 1, 'run-2')).toEqual(opened)
      expect(await economy.openCycle(marketId, null, 'run-2')).toEqual(opened)
    })

    test('none is skipped, and an open one comes first', async () => {
      const { economy, marketId } = await begin()
      const outOfOrder = { ok: false, error: { code: 'cycle_out_of_order', field: 'cycle' } }
      expect(await economy.openCycle(marketId, 2, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, 0, RUN)).toMatchObject(outOfOrder)
      await economy.openCycle(marketId, 1, RUN)
      expect(await economy.openCycle(marketId, 2, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, 0, RUN)).toMatchObject(outOfOrder)
      await economy.settleCycle(marketId, 1)
      expect(await economy.openCycle(marketId, 3, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, -1, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, 2, RUN)).toEqual({ ok: true, cycle: 2, settled: false })
    })

    test('a settled number answers as settled; the run that opened the last finds its own', async () => {
      const { economy, marketId } = await begin()
      for (const number of [1, 2]) {
        await economy.openCycle(marketId, number, `run-${number}`)
        await economy.settleCycle(marketId, number)
      }
      expect(await economy.openCycle(marketId, 1, 'run-9')).toEqual({ ok: true, cycle: 1, settled: true })
      expect(await economy.openCycle(marketId, 2, 'run-9')).toEqual({ ok: true, cycle: 2, settled: true })
      expect(await economy.openCycle(marketId, null, 'run-2')).toEqual({ ok: true, cycle: 2, settled: true })
      expect(await economy.openCycle(marketId, null, 'run-9')).toEqual({ ok: true, cycle: 3, settled: false })
    })

    test('clears up to its cut-off: a bid placed after it opened waits for the next', async () => {
      const { economy, marketId, placed, statusOf } = await begin({ ann: 100 })
      const inTime = await placed('ann', '10')
      await economy.openCycle(marketId, 1, RUN)
      const late = await placed('ann', '20')
      expect(await economy.settleCycle(marketId, 1)).toMatchObject({ winners: 1, revenue: '10' })
      expect([await statusOf(inTime), await statusOf(late)]).toEqual(['winning', 'pending'])
    })

    test('settling what was never opened throws', async () => {
      const { economy, marketId } = await begin()
      await expect(economy.settleCycle(marketId, 1)).rejects.toThrow(/no cycle 1/)
    })
  })

  describe(`${name}: settling`, () => {
    test('the highest bids win and pay what they bid; losers have theirs back', async () => {
      const { placed, cycle, moneyOf, statusOf, books } = await begin({ ann: 100, bob: 100, cy: 100 })
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
      const { placed, cycle, statusOf } = await begin({ ann: 100, bob: 100 })
      const earlier = await placed('bob', '10', WHOLE)
      const later = await placed('ann', '10', WHOLE)
      await cycle()
      expect([await statusOf(earlier), await statusOf(later)]).toEqual(['winning', 'outbid'])
    })

    test('a tie goes to the bid that was considered in an earlier cycle', async () => {
      const { placed, cycle, statusOf, passTime } = await begin({ ann: 100, bob: 100, cy: 100 })
      await placed('cy', '50', WHOLE)
      const waited = await placed('ann', '10', WHOLE, { goodTillCancelled: true })
      await cycle()
      const fresh = await placed('bob', '10', WHOLE)
      await passTime(61)
      await cycle()
      expect([await statusOf(waited), await statusOf(fresh)]).toEqual(['winning', 'outbid'])
    })

    test('a bundle fits entirely or not at all, and what is left goes to the next that fits', async () => {
      const { placed, cycle, statusOf } = await begin({ ann: 100, bob: 100, cy: 100 })
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
      const { placed, cycle, statusOf, recordPrices, marketId } = await begin(
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
      const { cycle, recordPrices, marketId, passTime } = await begin({}, { pricePeriodSeconds: 10 })
      await recordPrices(marketId, [20_000, 10_000])
      await passTime(31)
      expect(await cycle()).toMatchObject({ priceSource: 'last_known', prices: { cpu: '0.02' } })
    })

    test('leases take supply until they end, which completes their bids', async () => {
      const { economy, marketId, placed, cycle, statusOf, passTime, books } = await begin({ ann: 100 })
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
      const { placed, cycle, statusOf, passTime, eventsOf } = await begin({ ann: 100 })
      const first = await placed('ann', '10', WHOLE)
      await cycle()
      const second = await placed('ann', '10', WHOLE)
      await passTime(60)
      expect(await cycle()).toMatchObject({ winners: 1, supply: { cpu: 1, memory: 1 } })
      expect([await statusOf(first), await statusOf(second)]).toEqual(['completed', 'winning'])
      expect(await eventsOf('lease_ended')).toHaveLength(1)
    })

    test('a settled cycle answers its stored outcome and changes nothing', async () => {
      const { economy, marketId, placed, cycle, books } = await begin({ ann: 100 })
      await placed('ann', '10')
      const outcome = await cycle()
      const before = await books()
      expect(await economy.settleCycle(marketId, 1)).toEqual(outcome)
      expect(await books()).toEqual(before)
      expect(await economy.describeMarket(marketId)).toMatchObject({ lastCycle: outcome, activeLeases: 1 })
    })

    test('two that settle one cycle at once charge nobody twice', async () => {
      const { economy, marketId, placed, moneyOf } = await begin({ ann: 100 })
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
      const { placed, cycle, statusOf, asleep, passTime } = await begin({ ann: 100 }, { maxBidsPerCycle: 2 })
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
      const { placed, cycle, statusOf } = await begin({ ann: 100 }, { maxBidsPerCycle: 1 })
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

  describe(`${name}: rules and status`, () => {
    test('rules change by name, with one event; an open cycle keeps what it froze', async () => {
      const { economy, marketId, placed, eventsOf } = await begin({ ann: 100 })
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
      const { economy, marketId, eventsOf } = await begin()
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
      const { economy, marketId, placed, cycle, asleep, passTime, eventsOf } = await begin({ ann: 100 })
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
      const { economy, marketId, placed, codesOf, moneyOf, asleep, passTime } = await begin({ ann: 100 })
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
      const { economy, marketId, placed, asleep, statusOf } = await begin({ ann: 100 })
      const bidId = await placed('ann', '10')
      await economy.openCycle(marketId, 1, RUN)
      await economy.beginClosing(marketId, 'op')
      expect(await economy.releaseOpenBids(marketId)).toEqual({ released: 0, closed: false })
      expect(await asleep()).toEqual({ step: 'clear', cycle: 1 })
      await economy.settleCycle(marketId, 1)
      expect(await statusOf(bidId)).toBe('winning')
    })
  })

  describe(`${name}: the ledger`, () => {
    test('a transfer moves available credits and tells it', async () => {
      const { ledger, marketId, moneyOf, eventsOf } = await begin({ ann: 100, bob: 5 })
      const request = {
        marketId,
        from: 'ann',
        to: 'bob',
        amountMicro: micro(30),
        purpose: 'thanks',
        key: null,
      }
      expect(await ledger.transfer(request)).toMatchObject({ ok: true, balance: '70' })
      expect(await moneyOf('ann')).toMatchObject({ availableMicro: micro(70) })
      expect(await moneyOf('bob')).toMatchObject({ availableMicro: micro(35) })
      expect((await eventsOf('credits_transferred')).map(event => event.data)).toEqual([
        { from_agent: 'ann', to_agent: 'bob', amount: '30', purpose: 'thanks' },
      ])
    })

    test('a transfer that cannot be is refused and moves nothing', async () => {
      const { ledger, marketId, placed, books, setAgentStatus } = await begin({ ann: 100, bob: 5, dan: 1 })
      await placed('ann', '60')
      await setAgentStatus(marketId, 'dan', 'dead')
      const good = { marketId, from: 'ann', to: 'bob', amountMicro: micro(1), purpose: 'x', key: null }
      const before = await books()
      const codeOf = async (change: Partial<typeof good>) => {
        const answer = await ledger.transfer({ ...good, ...change })
        return answer.ok ? 'ok' : answer.error.code
      }
      expect(await codeOf({ amountMicro: micro(40) + 1n })).toBe('insufficient_balance')
      expect(await codeOf({ amountMicro: 0n })).toBe('invalid_amount')
      expect(await codeOf({ amountMicro: -1n })).toBe('invalid_amount')
      expect(await codeOf({ to: 'ann' })).toBe('same_agent')
      expect(await codeOf({ to: 'eve' })).toBe('unknown_agent')
      expect(await codeOf({ from: 'eve' })).toBe('unknown_agent')
      expect(await codeOf({ to: 'dan' })).toBe('agent_not_alive')
      expect(await codeOf({ from: 'dan' })).toBe('agent_not_alive')
      expect(await books()).toEqual(before)
    })

    test('a replay answers the first outcome, refusals included; other content is a conflict', async () => {
      const { ledger, marketId, books } = await begin({ ann: 100, bob: 0 })
      const request = { marketId, from: 'ann', to: 'bob', amountMicro: micro(30), purpose: 'x', key: 'k' }
      const first = await ledger.transfer(request)
      const refusedRequest = { ...request, amountMicro: micro(500), key: 'l' }
      const refused = await ledger.transfer(refusedRequest)
      expect(refused).toMatchObject({ ok: false, error: { code: 'insufficient_balance' } })
      await ledger.grant({ marketId, agent: 'ann', amountMicro: micro(1000), reason: 'x', key: 'k' })
      const before = await books()
      expect(await ledger.transfer(request)).toEqual(first)
      expect(await ledger.transfer(refusedRequest)).toEqual(refused)
      expect(await ledger.transfer({ ...request, amountMicro: 1n })).toMatchObject({
        ok: false,
        error: { code: 'idempotency_conflict', field: 'key' },
      })
      const hold = { marketId, agent: 'ann', amountMicro: micro(30), ref: 'x', key: 'k' }
      expect(await ledger.placeHold(hold)).toMatchObject({
        ok: false,
        error: { code: 'idempotency_conflict' },
      })
      expect(await books()).toEqual(before)
    })

    test('text that no database takes is refused', async () => {
      const { ledger, marketId, books } = await begin({ ann: 100, bob: 0 })
      const before = await books()
      const good = { marketId, from: 'ann', to: 'bob', amountMicro: 1n, purpose: 'x', key: 'k' }
      for (const wrong of [{ key: '' }, { key: '\u0000' }, { purpose: '\ud800' }, { to: 'b\u0000' }]) {
        expect(await ledger.transfer({ ...good, ...wrong })).toMatchObject({
          ok: false,
          error: { code: 'invalid_text', field: Object.keys(wrong)[0] },
        })
      }
      expect(await books()).toEqual(before)
    })

    test('one key for a bid and a transfer is a conflict', async () => {
      const { ledger, marketId, codesOf } = await begin({ ann: 100, bob: 0 })
      const request = { marketId, from: 'ann', to: 'bob', amountMicro: micro(30), purpose: 'x', key: 'k' }
      await ledger.transfer(request)
      expect(await codesOf(['ann', { amount: 30, bundle: HALF, key: 'k' }])).toEqual(['idempotency_conflict'])
    })

    test('two transfers under one key at once move credits once', async () => {
      const { ledger, marketId, moneyOf } = await begin({ ann: 100, bob: 0 })
      const transfer = { marketId, from: 'ann', to: 'bob', amountMicro: micro(30), purpose: 'x', key: 'k' }
      const grant = { marketId, agent: 'bob', amountMicro: micro(5), reason: 'x', key: 'g' }
      const transfers = await Promise.all([1, 2, 3].map(() => ledger.transfer(transfer)))
      const grants = await Promise.all([1, 2, 3].map(() => ledger.grant(grant)))
      expect(transfers[0]).toMatchObject({ ok: true, balance: '70' })
      expect(transfers).toEqual(transfers.map(() => transfers[0]))
      expect(grants[0]).toMatchObject({ ok: true, balance: '35' })
      expect(grants).toEqual(grants.map(() => grants[0]))
      expect(await moneyOf('bob')).toMatchObject({ availableMicro: micro(35) })
    })

    test('a grant mints, once under its key', async () => {
      const { ledger, marketId, books } = await begin({ ann: 100 })
      const request = { marketId, agent: 'ann', amountMicro: micro(7), reason: 'prize', key: 'g' }
      const granted = await ledger.grant(request)
      expect(granted).toMatchObject({ ok: true, balance: '107' })
      expect(await ledger.grant(request)).toEqual(granted)
      expect(await ledger.grant({ ...request, agent: 'eve', key: null })).toMatchObject({
        ok: false,
        error: { code: 'unknown_agent' },
      })
      expect((await books()).accounts.mint).toBe(-micro(107))
    })

    test('a hold is placed, and settled once', async () => {
      const { ledger, marketId, moneyOf, books } = await begin({ ann: 100, bob: 0, cy: 0 })
      const holdId = await placedHold(ledger, marketId, 'ann', micro(40))
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(60), heldMicro: micro(40), openBids: 0 })
      const settled = { ok: true, holdId, status: 'settled', amount: '40' }
      expect(await ledger.settleHold({ marketId, holdId, to: 'bob' })).toEqual(settled)
      const before = await books()
      expect(await ledger.settleHold({ marketId, holdId, to: 'bob' })).toEqual(settled)
      const resolved = { ok: false, error: { code: 'hold_resolved', field: 'holdId' } }
      expect(await ledger.settleHold({ marketId, holdId, to: 'cy' })).toMatchObject(resolved)
      expect(await ledger.releaseHold({ marketId, holdId })).toMatchObject(resolved)
      expect(await books()).toEqual(before)
      expect(await moneyOf('bob')).toMatchObject({ availableMicro: micro(40) })
      expect(before.events.slice(-3).map(event => event.type)).toEqual([
        'hold_placed',
        'hold_settled',
        'credits_transferred',
      ])
    })

    test('a hold is released once', async () => {
      const { ledger, marketId, moneyOf, eventsOf } = await begin({ ann: 100, bob: 0 })
      const holdId = await placedHold(ledger, marketId, 'ann', micro(40))
      const released = { ok: true, holdId, status: 'released', amount: '40' }
      expect(await ledger.releaseHold({ marketId, holdId })).toEqual(released)
      expect(await ledger.releaseHold({ marketId, holdId })).toEqual(released)
      expect(await ledger.settleHold({ marketId, holdId, to: 'bob' })).toMatchObject({
        ok: false,
        error: { code: 'hold_resolved' },
      })
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(100), heldMicro: 0n, openBids: 0 })
      expect(await eventsOf('hold_released')).toHaveLength(1)
    })

    test('a hold settled and released at once is resolved by one of them', async () => {
      const { ledger, marketId, books } = await begin({ ann: 100, bob: 0 })
      for (let round = 0; round < 10; round++) {
        const holdId = await placedHold(ledger, marketId, 'ann', micro(1))
        const answers = await Promise.all([
          ledger.settleHold({ marketId, holdId, to: 'bob' }),
          ledger.releaseHold({ marketId, holdId }),
          ledger.settleHold({ marketId, holdId, to: 'bob' }),
        ])
        const hold = (await books()).holds.find(one => one.holdId === holdId)!
        const accepted = hold.status === 'settled' ? [true, false, true] : [false, true, false]
        expect(answers.map(answer => answer.ok)).toEqual(accepted)
      }
    })

    test('a hold that cannot be placed or found is refused', async () => {
      const { ledger, marketId } = await begin({ ann: 100 })
      const request = { marketId, agent: 'ann', amountMicro: micro(100) + 1n, ref: 'x', key: null }
      expect(await ledger.placeHold(request)).toMatchObject({
        ok: false,
        error: { code: 'insufficient_balance' },
      })
      for (const holdId of ['x', crypto.randomUUID()]) {
        expect(await ledger.releaseHold({ marketId, holdId })).toMatchObject({
          ok: false,
          error: { code: 'unknown_hold' },
        })
      }
      const holdId = await placedHold(ledger, marketId, 'ann', 1n)
      expect(await ledger.settleHold({ marketId, holdId, to: 'eve' })).toMatchObject({
        ok: false,
        error: { code: 'unknown_agent' },
      })
      expect(await ledger.settleHold({ marketId, holdId, to: 'ann' })).toMatchObject({
        ok: false,
        error: { code: 'same_agent' },
      })
    })
  })

  describe(`${name}: refusals that are only counted`, () => {
    test('are told once for each agent and reason, with their count', async () => {
      const { economy, marketId, place, passTime, eventsOf } = await begin(
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
      const { economy, marketId, place, asleep, passTime, setAgentStatus, eventsOf } = await begin({
        ann: 100,
        dan: 0,
      })
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
      const { place, asleep } = await begin({ ann: 100 })
      expect(await asleep()).toEqual(IDLE)
      await place(['ann', 'nonsense'])
      const next = await asleep()
      expect(next).toMatchObject({ step: 'sleep', seconds: expect.any(Number) })
      expect('seconds' in next && next.seconds).toBeLessThanOrEqual(1)
    })
  })

  describe(`${name}: taking turns`, () => {
    test('an idle market sleeps; one with new bids clears, once per cycle time', async () => {
      const { placed, cycle, asleep, passTime } = await begin({ ann: 100 }, { cycleSeconds: 3600 })
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
      const { economy, marketId, asleep } = await begin()
      await economy.openCycle(marketId, 1, RUN)
      expect(await asleep()).toEqual({ step: 'clear', cycle: 1 })
    })

    test('a market sleeps until a lease ends, then tidies', async () => {
      const { economy, marketId, placed, cycle, asleep, passTime } = await begin({ ann: 100 }, LONG_LIFE)
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
      const { economy, marketId, placed, cycle, asleep, passTime } = await begin({ ann: 100 }, LONG_LIFE)
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
      const { economy, marketId, placed, cycle, asleep, passTime } = await begin(
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
      const { marketId, placed, cycle, asleep, passTime, recordPrices } = await begin(
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
      const { economy, marketId, turn, markPublished } = await begin()
      expect(await economy.takeTurn(marketId, false)).toMatchObject({ unpublished: true, status: 'open' })
      expect(await turn()).toEqual({ step: 'sleep', seconds: 5 })
      await markPublished(marketId)
      expect(await turn(true)).toEqual({ step: 'sleep', seconds: 5 })
      expect(await turn()).toEqual({ step: 'sleep', seconds: null })
      expect(await described(economy, marketId)).toMatchObject({ asleep: true, wakeAt: null })
    })

    test('a change wakes a market that sleeps', async () => {
      const { economy, marketId, placed, asleep } = await begin({ ann: 100 })
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
    const { economy, ledger, marketId, place, placed, cycle, passTime, books } = await begin({
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

type Economy = EconomyUnderTest['economy']

async function described(economy: Economy, marketId: string) {
  const market = await economy.describeMarket(marketId)
  if (!market.ok) throw new Error(market.error.message)
  return market
}

/** About what the market's clock says: when it was made, or looked at last. */
async function nowOf(economy: Economy, marketId: string): Promise<number> {
  const taken = await economy.takeTurn(marketId, true)
  if (!taken.ok) throw new Error(taken.error.message)
  const { wakeAt } = await described(economy, marketId)
  return Date.parse(wakeAt!) - 5000
}

async function placedHold(
  ledger: EconomyUnderTest['ledger'],
  marketId: string,
  agent: string,
  amountMicro: bigint,
): Promise<string> {
  const placed = await ledger.placeHold({ marketId, agent, amountMicro, ref: 'call', key: null })
  if (!placed.ok) throw new Error(placed.error.message)
  return placed.holdId
}
