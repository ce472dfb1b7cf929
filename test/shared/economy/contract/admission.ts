import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, HALF, micro } from './market-under-test.ts'

export function describeAdmission(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: admission`, () => {
    test('holds the amount, in balance but not available', async () => {
      const { place, moneyOf, eventsOf } = await beginMarket(make, { ann: 100 })
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
      const { place, eventsOf } = await beginMarket(make, { ann: 100 })
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
      const { place, codesOf } = await beginMarket(make, { ann: 100 }, { minimumBid: '2.5' })
      expect(await place(['ann', { amount: '2.499999', bundle: HALF }])).toMatchObject([
        { ok: false, error: { code: 'below_reserve', required: '2.5', available: '100' } },
      ])
      expect(await codesOf(['ann', { amount: '2.5', bundle: HALF }])).toEqual(['ok'])
    })

    test('the reserve follows the posted prices', async () => {
      const { place, codesOf, recordPrices, marketId } = await beginMarket(
        make,
        { ann: 1000 },
        { reserveFraction: 0.5 },
      )
      // Half of each for 60 seconds at 2 and 3 credits per second costs 150.
      await recordPrices(marketId, [2_000_000, 3_000_000])
      expect(await place(['ann', { amount: '74.999999', bundle: HALF }])).toMatchObject([
        { ok: false, error: { code: 'below_reserve', required: '75', available: '1000' } },
      ])
      expect(await codesOf(['ann', { amount: 75, bundle: HALF }])).toEqual(['ok'])
    })

    test('refuses more open bids than allowed; a cancelled one makes room', async () => {
      const { economy, marketId, codesOf, placed } = await beginMarket(make, { ann: 100 }, { maxOpenBids: 2 })
      const first = await placed('ann', '1')
      await placed('ann', '1')
      expect(await codesOf(['ann', { amount: 1, bundle: HALF }])).toEqual(['too_many_open_bids'])
      await economy.cancelBid({ marketId, agent: 'ann', bidId: first })
      expect(await codesOf(['ann', { amount: 1, bundle: HALF }])).toEqual(['ok'])
    })

    test('refuses bids that come too often, every known bid spending, and takes them again later', async () => {
      const { codesOf, passTime } = await beginMarket(make, { ann: 100 }, { bidsPerSecond: 1, bidBurst: 2 })
      const good: [string, unknown] = ['ann', { amount: 1, bundle: HALF }]
      const bad: [string, unknown] = ['ann', { amount: 500, bundle: HALF }]
      expect(await codesOf(good, bad, good)).toEqual(['ok', 'insufficient_balance', 'rate_limited'])
      await passTime(1)
      expect(await codesOf(good)).toEqual(['ok'])
    })

    test('no rate limit: as many as one likes', async () => {
      const { codesOf } = await beginMarket(make, { ann: 100 }, { bidsPerSecond: null, bidBurst: 1 })
      const bid: [string, unknown] = ['ann', { amount: 1, bundle: HALF }]
      expect(await codesOf(bid, bid, bid)).toEqual(['ok', 'ok', 'ok'])
    })

    test('refuses a bundle the market does not sell or cannot hold', async () => {
      const { place } = await beginMarket(make, { ann: 100 })
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
      const { codesOf } = await beginMarket(make, { ann: 100 })
      const wrong = [null, 'bid', {}, { amount: 0, bundle: HALF }, { amount: 1, bundle: HALF, more: 1 }]
      expect(await codesOf(...wrong.map((bid): [string, unknown] => ['ann', bid]))).toEqual(
        wrong.map(() => 'invalid_bid'),
      )
    })

    test('hostile text in a bid is refused and takes no other bid with it', async () => {
      const { codesOf } = await beginMarket(make, { ann: 100 })
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
      const { codesOf, setAgentStatus, marketId } = await beginMarket(make, { ann: 100, bob: 100, dan: 100 })
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
      const { codesOf, books } = await beginMarket(make, { ann: 100, bob: 10 })
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
      const { placed, cycle, moneyOf, books } = await beginMarket(make, { ann: 100, bob: 0 })
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
      const { place, books } = await beginMarket(make, { ann: 100 })
      const bid = { amount: '60', bundle: HALF, key: 'k' }
      const sameBid = { key: 'k', bundle: { durationSeconds: 60, memory: 0.5, cpu: 0.5 }, amount: 60 }
      const [first] = await place(['ann', bid])
      const before = await books()
      expect(await place(['ann', sameBid], ['ann', bid])).toEqual([first, first])
      expect(await books()).toEqual(before)
    })

    test('a refusal is replayed too, even when it would be admitted now', async () => {
      const { place, ledger, marketId } = await beginMarket(make, { ann: 10 })
      const bid = { amount: 60, bundle: HALF, key: 'k' }
      const [refused] = await place(['ann', bid])
      expect(refused).toMatchObject({ ok: false, error: { code: 'insufficient_balance' } })
      await ledger.grant({ marketId, agent: 'ann', amountMicro: micro(100), reason: 'more', key: null })
      expect(await place(['ann', bid])).toEqual([refused])
    })

    test('a bid refused for its rate is judged afresh under the same key', async () => {
      const { codesOf, passTime } = await beginMarket(make, { ann: 100 }, { bidsPerSecond: 1, bidBurst: 1 })
      const bid = { amount: 1, bundle: HALF }
      expect(
        await codesOf(['ann', bid], ['ann', { ...bid, key: 'k' }], ['ann', { ...bid, amount: 2, key: 'k' }]),
      ).toEqual(['ok', 'rate_limited', 'rate_limited'])
      await passTime(1)
      expect(await codesOf(['ann', { ...bid, key: 'k' }])).toEqual(['ok'])
    })

    test('another bid under a used key is a conflict, within a batch too; another agent has its own keys', async () => {
      const { codesOf } = await beginMarket(make, { ann: 100, bob: 100 })
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
}
