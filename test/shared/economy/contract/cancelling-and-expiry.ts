import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, HALF, micro, nowOf, WHOLE } from './market-under-test.ts'

export function describeCancellingAndExpiry(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: cancelling and expiry`, () => {
    test('releases the hold, once; asked again it answers the same', async () => {
      const { economy, marketId, placed, moneyOf, eventsOf } = await beginMarket(make, { ann: 100 })
      const bidId = await placed('ann', '60')
      const request = { marketId, agent: 'ann', bidId }
      const cancelled = { ok: true, bidId, status: 'cancelled', released: '60' }
      expect(await economy.cancelBid(request)).toEqual(cancelled)
      expect(await economy.cancelBid(request)).toEqual(cancelled)
      expect(await moneyOf('ann')).toEqual({ availableMicro: micro(100), heldMicro: 0n, openBids: 0 })
      expect(await eventsOf('bid_cancelled')).toHaveLength(1)
    })

    test('comes too late after a settlement', async () => {
      const { economy, marketId, placed, cycle } = await beginMarket(make, { ann: 100, bob: 100 })
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
      const { economy, marketId, placed, statusOf } = await beginMarket(make, { ann: 100, bob: 100 })
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
      const { economy, marketId, placed, passTime, statusOf, moneyOf, eventsOf } = await beginMarket(make, {
        ann: 100,
      })
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
      const { economy, marketId, placed, passTime, statusOf, cycle } = await beginMarket(make, { ann: 100 })
      const expiresAt = new Date((await nowOf(economy, marketId)) + 60_000).toISOString()
      const bidId = await placed('ann', '60', HALF, { expiresAt })
      await passTime(61)
      expect(await cycle()).toMatchObject({ winners: 0, losers: 0, revenue: '0' })
      expect(await statusOf(bidId)).toBe('expired')
    })

    test('good till cancelled: a loser stays in the book and wins when there is room', async () => {
      const { placed, cycle, statusOf, passTime, eventsOf, moneyOf } = await beginMarket(make, {
        ann: 100,
        bob: 100,
      })
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
}
