import { explainDecision } from './explain-decision.ts'
import type { BidFacts, DecidingEvent } from './facts.ts'
import { type SpanRecord, spanIdOf, spanRecord } from './span-record.ts'
import { placeOfBid, placeOfCycle, spanIdOfLease, type TracePlace } from './traces.ts'

/**
 * A bid's way from its placement to its decision as spans: admission, hold, the wait in the book, the cycle that
 * cleared it, settlement, publication, the start of its lease. Told again, they are the same spans.
 */
export function bidSpans(bid: BidFacts, decision: DecidingEvent): SpanRecord[] {
  const place = placeOfBid(bid.bidId, bid.traceparent)
  const { cycle } = bid
  const isWon = bid.lease !== null
  const spans = [
    spanRecord({
      ...place,
      name: 'bid',
      startMs: bid.placedAtMs,
      endMs: decision.atMs,
      attributes: {
        ...subjectOf(bid),
        'bourse.bid.amount': bid.amount,
        'bourse.bid.bundle': JSON.stringify(bid.bundle),
        'bourse.bid.via': bid.via,
        'bourse.bid.actor': bid.actor,
        'bourse.bid.good_till_cancelled': bid.goodTillCancelled,
        'bourse.bid.outcome': isWon ? 'winning' : bid.status,
        'bourse.bid.explanation': explainDecision(bid),
      },
    }),
    part(place, bid, 'bid admission', bid.placedAtMs, bid.admittedAtMs, {
      'bourse.bid.held': bid.amount,
      'bourse.event.seq': bid.placedSeq,
    }),
    part(place, bid, 'bid hold', bid.placedAtMs, decision.atMs, {
      'bourse.bid.held': bid.amount,
      'bourse.hold.outcome': isWon ? 'settled' : 'released',
    }),
    part(place, bid, 'bid wait', bid.admittedAtMs, cycle?.openedAtMs ?? decision.atMs, {
      ...(bid.firstConsideredCycle === null
        ? {}
        : { 'bourse.cycle.first_considered': bid.firstConsideredCycle }),
    }),
  ]
  if (cycle !== null) {
    spans.push(
      {
        ...part(place, bid, 'bid clearing', cycle.openedAtMs, cycle.effectiveAtMs, {
          'bourse.cycle': cycle.number,
          'bourse.bid.score': bid.score ?? '',
          'bourse.bid.rank': bid.rank ?? 0,
          'bourse.cycle.policy': cycle.policy,
          'bourse.cycle.cutoff_score': cycle.cutoffScore ?? 'none',
          'bourse.cycle.price_source': cycle.priceSource,
          'bourse.bid.outcome': isWon ? 'winning' : bid.status,
          'bourse.bid.explanation': explainDecision(bid),
        }),
        links: [{ ...contextOf(placeOfCycle(cycle)), attributes: { 'bourse.cycle': cycle.number } }],
      },
      part(place, bid, 'bid settlement', cycle.effectiveAtMs, decision.atMs, {
        'bourse.cycle': cycle.number,
        'bourse.bid.paid': isWon ? bid.amount : '0',
      }),
    )
  }
  spans.push(
    part(place, bid, 'bid publication', decision.atMs, decision.storedAtMs ?? decision.atMs, {
      'bourse.event.id': decision.eventId,
      'bourse.event.seq': decision.seq,
    }),
  )
  if (bid.lease !== null) {
    const { leaseId, startsAtMs, endsAtMs } = bid.lease
    spans.push(
      part(place, bid, 'lease start', startsAtMs, startsAtMs, {
        'bourse.lease.id': leaseId,
        'bourse.lease.ends_at': new Date(endsAtMs).toISOString(),
      }),
    )
  }
  return spans
}

/** A lease that ended; what happened in it hangs under this span. */
export function leaseSpan(bid: BidFacts, ended: DecidingEvent): SpanRecord[] {
  if (bid.lease === null) return []
  const { leaseId, startsAtMs, endsAtMs, status } = bid.lease
  const place = placeOfBid(bid.bidId, bid.traceparent)
  return [
    {
      ...part(place, bid, 'lease', startsAtMs, endsAtMs, {
        'bourse.lease.id': leaseId,
        'bourse.lease.outcome': status,
        'bourse.event.id': ended.eventId,
        'bourse.event.seq': ended.seq,
      }),
      spanId: spanIdOfLease(bid.bidId),
    },
  ]
}

function part(
  place: TracePlace,
  bid: BidFacts,
  name: string,
  startMs: number,
  endMs: number,
  attributes: SpanRecord['attributes'],
): SpanRecord {
  return spanRecord({
    traceId: place.traceId,
    spanId: spanIdOf(bid.bidId, name),
    parentSpanId: place.spanId,
    name,
    startMs,
    endMs,
    attributes: { ...subjectOf(bid), ...attributes },
  })
}

function subjectOf(bid: BidFacts): SpanRecord['attributes'] {
  return {
    'bourse.market': bid.marketId,
    'bourse.agent': bid.payer,
    'bourse.beneficiary': bid.beneficiary,
    'bourse.bid.id': bid.bidId,
  }
}

function contextOf({ traceId, spanId }: TracePlace) {
  return { traceId, spanId }
}
