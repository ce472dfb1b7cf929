import { describe, expect, test } from 'vitest'
import { bidIdProblem, decideCancellation } from '../../../shared/market/cancellation.ts'

const bidId = '01998877-6655-7443-8221-000000000000'
const request = { marketId: 'm', agent: 'ann', bidId }
const bid = { payer: 'ann', status: 'pending', amountMicro: 2_500_000n, traceparent: null } as const

describe('cancelling a bid', () => {
  test('releases a pending one, with an event', () => {
    const { outcome, event } = decideCancellation(request, bid, 'operation')
    expect(outcome).toEqual({ ok: true, bidId, status: 'cancelled', released: '2.5' })
    expect(event).toMatchObject({ type: 'bid_cancelled', agent: 'ann', data: { bid_id: bidId } })
  })

  test('answers the same for a cancelled one, without an event', () => {
    const { outcome, event } = decideCancellation(request, { ...bid, status: 'cancelled' }, 'operation')
    expect(outcome).toMatchObject({ ok: true, released: '2.5' })
    expect(event).toBeNull()
  })

  test.each(['winning', 'outbid', 'expired', 'completed'] as const)('comes too late: %s', status => {
    const { outcome, event } = decideCancellation(request, { ...bid, status }, 'operation')
    expect(outcome).toMatchObject({ ok: false, error: { code: 'bid_not_open' } })
    expect(event).toBeNull()
  })

  test('is for the payer of a bid that is there', () => {
    const unknown = { ok: false, error: { code: 'unknown_bid' } }
    expect(decideCancellation(request, null, 'operation').outcome).toMatchObject(unknown)
    expect(decideCancellation(request, { ...bid, payer: 'bob' }, 'operation').outcome).toMatchObject(unknown)
    expect(bidIdProblem('7')).toMatchObject(unknown)
    expect(bidIdProblem(bidId)).toBeNull()
  })
})
