import { describe, expect, test } from 'vitest'
import { resolveHolds } from '../../../shared/market/bid-holds.ts'
import { type BookBid, decideSettlement, type SettlementInput } from '../../../shared/market/settlement.ts'

const AT_MS = Date.UTC(2026, 0, 1)
let drawn = 0

function bid(seq: number, credits: number, cpu: number, more: Partial<BookBid> = {}): BookBid {
  return {
    bidId: `bid-${seq}`,
    payerId: BigInt(seq),
    payer: `payer-${seq}`,
    beneficiaryId: BigInt(seq),
    beneficiary: `payer-${seq}`,
    amountMicro: BigInt(credits) * 1_000_000n,
    quantitiesPpm: [cpu * 1_000_000, 0],
    durationSeconds: 60,
    goodTillCancelled: false,
    expiresAtMs: null,
    traceparent: null,
    firstConsideredCycle: null,
    seq: BigInt(seq),
    ...more,
  }
}

function settle(bids: BookBid[], more: Partial<SettlementInput> = {}) {
  return decideSettlement({
    cycle: 7,
    cutoffSeq: 99n,
    effectiveAtMs: AT_MS,
    policy: 'highest-bid',
    resources: ['cpu', 'memory'],
    pricesMicro: [10_000, 10_000],
    priceSource: 'floor',
    priceAgeSeconds: null,
    previousPriceSource: null,
    leasedPpm: [0, 0],
    bids,
    endedLeases: [],
    leftWaiting: 0,
    newLeaseId: () => `lease-${drawn++}`,
    ...more,
  })
}

describe('a settlement', () => {
  test('decides every bid exactly once', () => {
    const decided = settle([
      bid(1, 10, 0.6),
      bid(2, 30, 0.6),
      bid(3, 20, 0.6, { goodTillCancelled: true }),
      bid(4, 99, 0.6, { expiresAtMs: AT_MS }),
      bid(5, 5, 0.4, { expiresAtMs: AT_MS + 1 }),
    ])
    expect(decided.won.map(one => [one.bid.bidId, one.rank])).toEqual([
      ['bid-2', 1],
      ['bid-5', 4],
    ])
    expect(decided.lost.map(one => [one.bid.bidId, one.rank])).toEqual([['bid-1', 3]])
    expect(decided.staying.map(one => one.bidId)).toEqual(['bid-3'])
    expect(decided.expired.map(one => one.bidId)).toEqual(['bid-4'])
    expect(decided.revenueMicro).toBe(35_000_000n)
    expect(decided.cutoffScore).toBe(5_000_000n)
    expect(decided.leasedPpm).toEqual([1_000_000, 0])
  })

  test('gives what leases leave, and a lease from the effective time on', () => {
    const decided = settle([bid(1, 10, 0.5), bid(2, 5, 0.25)], { leasedPpm: [500_001, 0] })
    expect(decided.won.map(one => one.bid.bidId)).toEqual(['bid-2'])
    expect(decided.won[0]!.endsAtMs).toBe(AT_MS + 60_000)
    expect(decided.supplyPpm).toEqual([499_999, 1_000_000])
    expect(decided.events.find(event => event.type === 'resources_allocated')!.data).toMatchObject({
      bundle: { cpu: 0.25, memory: 0, durationSeconds: 60 },
      starts_at: '2026-01-01T00:00:00.000Z',
      ends_at: '2026-01-01T00:01:00.000Z',
    })
  })

  test('is the same in whatever order the book is read', () => {
    const bids = [bid(1, 10, 0.5), bid(2, 10, 0.5), bid(3, 10, 0.5), bid(4, 11, 0.5)]
    const winners = (book: BookBid[]) => settle(book).won.map(one => one.bid.bidId)
    expect(winners(bids)).toEqual(['bid-4', 'bid-1'])
    expect(winners(bids.toReversed())).toEqual(['bid-4', 'bid-1'])
  })

  test('an empty book is a cycle too', () => {
    const decided = settle([], { leftWaiting: 3 })
    expect(decided.cutoffScore).toBeNull()
    expect(decided.events).toMatchObject([
      { type: 'cycle_cleared', operation: 'cycle/7', data: { winners: 0, left_waiting: 3, revenue: '0' } },
    ])
  })

  test('resolves every hold: winners pay, the others have theirs back', () => {
    const bids = [
      bid(1, 30, 0.6),
      bid(2, 20, 0.6, { payerId: 1n, payer: 'payer-1' }),
      bid(3, 10, 0.4, { payerId: 1n, payer: 'payer-1' }),
    ]
    const payer = { agentId: 1n, availableMicro: 5_000_000n, heldMicro: 60_000_000n, openBids: 3 }
    const payments = resolveHolds(new Map([[1n, payer]]), settle(bids))
    expect(payer).toEqual({ agentId: 1n, availableMicro: 25_000_000n, heldMicro: 0n, openBids: 0 })
    expect(payments.map(payment => [payment.amountMicro, payment.from])).toEqual([
      [30_000_000n, { agentId: 1n, balanceAfterMicro: 35_000_000n }],
      [10_000_000n, { agentId: 1n, balanceAfterMicro: 25_000_000n }],
    ])
  })
})
