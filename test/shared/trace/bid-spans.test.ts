import { describe, expect, test } from 'vitest'
import { bidSpans, leaseSpan } from '../../../shared/trace/bid-spans.ts'
import { cycleSpans, MAX_BIDS_LINKED } from '../../../shared/trace/cycle-spans.ts'
import { explainDecision } from '../../../shared/trace/explain-decision.ts'
import type { BidFacts, CycleFacts } from '../../../shared/trace/facts.ts'
import { refusalSpans } from '../../../shared/trace/refusal-spans.ts'
import { placeOfBid, placeOfCycle, spanIdOfLease, traceparentOfLease } from '../../../shared/trace/traces.ts'

const BID_ID = '0199a0c2-7f3e-7abc-8def-0123456789ab'
const OWN_TRACE = '0199a0c27f3e7abc8def0123456789ab'
const OWN_SPAN = '8def0123456789ab'
const SENDER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }

const cycle: CycleFacts = {
  marketId: 'm',
  number: 3,
  policy: 'highest-bid',
  openedByRun: 'run',
  traceparent: null,
  openedAtMs: 2_000,
  effectiveAtMs: 2_010,
  considered: 10,
  winners: 4,
  losers: 6,
  leftWaiting: 0,
  revenue: '100',
  cutoffScore: '5000000',
  priceSource: 'live',
  priceAgeSeconds: 2,
  supply: { cpu: 1 },
  remaining: { cpu: 0.05 },
  prices: { cpu: '0.01' },
}
const pending: BidFacts = {
  marketId: 'm',
  bidId: BID_ID,
  payer: 'ann',
  beneficiary: 'bob',
  amount: '4',
  bundle: { cpu: 0.1, durationSeconds: 10 },
  status: 'pending',
  goodTillCancelled: false,
  expiresAtMs: null,
  via: 'nats',
  actor: 'ann',
  traceparent: null,
  placedAtMs: 1_000,
  admittedAtMs: 1_005,
  placedSeq: 7,
  firstConsideredCycle: null,
  lastConsideredCycle: null,
  score: null,
  rank: null,
  cycle: null,
  lease: null,
}
const outbid: BidFacts = { ...pending, status: 'outbid', cycle, score: '4000000', rank: 5 }
const won: BidFacts = {
  ...outbid,
  status: 'completed',
  lease: { leaseId: 'lease', startsAtMs: 2_010, endsAtMs: 12_010, status: 'ended' },
}
const event = { eventId: '0199a0c2-7f3e-5abc-8def-00000000000e', seq: 9, atMs: 2_020, storedAtMs: 2_030 }

describe('the spans of a bid', () => {
  test('are the same however often they are told, each inside its trace', () => {
    const spans = bidSpans(won, event)
    expect(bidSpans(won, event)).toEqual(spans)
    expect(new Set(spans.map(span => span.spanId)).size).toBe(spans.length)
    expect(new Set(spans.map(span => span.traceId))).toEqual(new Set([OWN_TRACE]))
    expect(spans.slice(1).every(span => span.parentSpanId === OWN_SPAN)).toBe(true)
    for (const { spanId } of spans) expect(spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(leaseSpan(won, event)).toMatchObject([
      { spanId: spanIdOfLease(BID_ID), parentSpanId: OWN_SPAN, startMs: 2_010, endMs: 12_010 },
    ])
  })

  test('do not depend on what became of the bid after its decision', () => {
    const atDecision = {
      ...won,
      status: 'winning' as const,
      lease: { ...won.lease!, status: 'active' as const },
    }
    expect(bidSpans(atDecision, event)).toEqual(bidSpans(won, event))
  })

  test('end no earlier than they start, whatever clocks said', () => {
    const early = { ...cycle, openedAtMs: 500, effectiveAtMs: 400 }
    for (const { startMs, endMs } of bidSpans({ ...won, cycle: early }, { ...event, storedAtMs: 0 })) {
      expect(endMs).toBeGreaterThanOrEqual(startMs)
    }
  })

  test("hang under their sender's span if that was recorded, and stay in its trace if not", () => {
    const sampled = `00-${SENDER.traceId}-${SENDER.spanId}-01`
    const unsampled = `00-${SENDER.traceId}-${SENDER.spanId}-00`
    expect(placeOfBid(BID_ID, sampled)).toEqual({
      traceId: SENDER.traceId,
      spanId: OWN_SPAN,
      parentSpanId: SENDER.spanId,
    })
    expect(placeOfBid(BID_ID, unsampled)).toMatchObject({ traceId: SENDER.traceId, parentSpanId: null })
    expect(placeOfBid(BID_ID, 'nonsense')).toMatchObject({ traceId: OWN_TRACE, parentSpanId: null })
    expect(traceparentOfLease(BID_ID, unsampled)).toBe(`00-${SENDER.traceId}-${spanIdOfLease(BID_ID)}-00`)
    expect(traceparentOfLease(BID_ID, null)).toBe(`00-${OWN_TRACE}-${spanIdOfLease(BID_ID)}-01`)
  })
})

describe('the spans of a cycle', () => {
  test('link to a bounded number of bids and count the rest', () => {
    const bids = Array.from({ length: 500 }, (_, place) => ({
      traceId: OWN_TRACE,
      spanId: place.toString(16).padStart(16, '0'),
      attributes: {},
    }))
    const [span] = cycleSpans({ ...cycle, winners: 9_000, losers: 1_000 }, event, bids)
    expect(span!.links).toEqual(bids.slice(0, MAX_BIDS_LINKED))
    expect(span!.linksLeftOut).toBe(10_000 - MAX_BIDS_LINKED)
    expect(bidSpans(outbid, event).find(one => one.name === 'bid clearing')!.links).toMatchObject([
      { traceId: span!.traceId, spanId: span!.spanId },
    ])
  })

  test('stand in the trace the cycle was opened in, if that is recorded', () => {
    const opened = { ...cycle, traceparent: `00-${SENDER.traceId}-${SENDER.spanId}-01` }
    expect(placeOfCycle(opened)).toMatchObject({ traceId: SENDER.traceId, parentSpanId: SENDER.spanId })
    expect(placeOfCycle(opened).spanId).toBe(placeOfCycle(cycle).spanId)
    expect(placeOfCycle({ ...cycle, openedByRun: 'another' }).traceId).not.toBe(placeOfCycle(cycle).traceId)
  })
})

describe('the spans of a refusal', () => {
  const refusal = {
    reason: 'insufficient_balance' as const,
    required: '4',
    available: '1',
    count: 1,
    marketId: 'm',
    agent: 'ann',
    correlationId: BID_ID,
    traceId: OWN_TRACE,
    parentSpanId: OWN_SPAN,
  }

  test('are a bid and its admission, with what was wrong', () => {
    expect(refusalSpans(refusal, event)).toMatchObject([
      { name: 'bid', traceId: OWN_TRACE, spanId: OWN_SPAN, parentSpanId: null },
      {
        name: 'bid admission',
        parentSpanId: OWN_SPAN,
        problem: expect.stringContaining('it needs 4 credits'),
      },
    ])
  })

  test('are one for all that were counted together', () => {
    const counted = { ...refusal, reason: 'rate_limited' as const, count: 9_000, traceId: null }
    expect(refusalSpans({ ...counted, required: null, available: null }, event)).toMatchObject([
      { name: 'bids refused', parentSpanId: null, problem: '9000 bids refused, rate_limited' },
    ])
  })
})

describe('the explanation of a decision', () => {
  test.each([
    [pending, 'waits for its first cycle'],
    [{ ...pending, lastConsideredCycle: 2 }, 'cycle 2 had no room'],
    [{ ...pending, status: 'cancelled' as const }, 'taken out of the book'],
    [{ ...pending, status: 'expired' as const }, 'until its time was over'],
    [
      outbid,
      'lost at rank 5 of 10 (its score 4 credits against a cut-off of 5 credits): better bids had left 5 % of cpu where it asked 10 %',
    ],
    [{ ...outbid, score: '6000000' }, 'although its score was high enough'],
    [
      { ...outbid, cycle: { ...cycle, winners: 0, cutoffScore: null } },
      'leases that run had left 5 % of cpu',
    ],
    [
      { ...outbid, cycle: { ...cycle, policy: 'posted-price' as const } },
      'its score 4 x its posted cost against a cut-off of 5 x its posted cost',
    ],
    [won, 'won at rank 5 of 10'],
  ])('of %# says why', (bid, said) => {
    expect(explainDecision(bid)).toContain(said)
  })
})
