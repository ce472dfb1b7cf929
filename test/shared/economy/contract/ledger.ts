import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, HALF, micro, placedHold } from './market-under-test.ts'

export function describeLedger(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: the ledger`, () => {
    test('a transfer moves available credits and tells it', async () => {
      const { ledger, marketId, moneyOf, eventsOf } = await beginMarket(make, { ann: 100, bob: 5 })
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
      const { ledger, marketId, placed, books, setAgentStatus } = await beginMarket(make, {
        ann: 100,
        bob: 5,
        dan: 1,
      })
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
      const { ledger, marketId, books } = await beginMarket(make, { ann: 100, bob: 0 })
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
      const { ledger, marketId, books } = await beginMarket(make, { ann: 100, bob: 0 })
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
      const { ledger, marketId, codesOf } = await beginMarket(make, { ann: 100, bob: 0 })
      const request = { marketId, from: 'ann', to: 'bob', amountMicro: micro(30), purpose: 'x', key: 'k' }
      await ledger.transfer(request)
      expect(await codesOf(['ann', { amount: 30, bundle: HALF, key: 'k' }])).toEqual(['idempotency_conflict'])
    })

    test('two transfers under one key at once move credits once', async () => {
      const { ledger, marketId, moneyOf } = await beginMarket(make, { ann: 100, bob: 0 })
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
      const { ledger, marketId, books } = await beginMarket(make, { ann: 100 })
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
      const { ledger, marketId, moneyOf, books } = await beginMarket(make, { ann: 100, bob: 0, cy: 0 })
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
      const { ledger, marketId, moneyOf, eventsOf } = await beginMarket(make, { ann: 100, bob: 0 })
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
      const { ledger, marketId, books } = await beginMarket(make, { ann: 100, bob: 0 })
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
      const { ledger, marketId } = await beginMarket(make, { ann: 100 })
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
}
