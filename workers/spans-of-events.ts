import {
  readBidFacts,
  readCycleFacts,
  readLinksToBids,
  readParentsOfRefusals,
} from '../shared/db/bids/read-bid-facts.ts'
import type { Database } from '../shared/db/pool.ts'
import type { BourseEvent } from '../shared/events/envelope.ts'
import { bidSpans, leaseSpan } from '../shared/trace/bid-spans.ts'
import { cycleSpans, MAX_BIDS_LINKED } from '../shared/trace/cycle-spans.ts'
import type { DecidingEvent } from '../shared/trace/facts.ts'
import { refusalSpans } from '../shared/trace/refusal-spans.ts'
import type { SpanRecord } from '../shared/trace/span-record.ts'

const DECIDES_BID = ['bid_processed', 'bid_cancelled', 'bid_expired', 'lease_ended', 'lease_revoked'] as const

/**
 * The spans that a market's events tell: a bid's when it is decided or refused, a cycle's when it is settled, a
 * lease's when it ends. `storedTimes` says when the stream took an event, by its id.
 */
export async function spansOfEvents(
  db: Database,
  marketId: string,
  events: readonly BourseEvent[],
  storedTimes: ReadonlyMap<string, number>,
): Promise<SpanRecord[]> {
  const refused = events.filter(event => event.type === 'bid_rejected')
  const cleared = events.filter(event => event.type === 'cycle_cleared')
  const bids = await readBidFacts(db, marketId, [...new Set(events.flatMap(bidDecidedBy))])
  const cycles = await readCycleFacts(
    db,
    marketId,
    cleared.map(event => event.data.cycle),
  )
  const parents = await readParentsOfRefusals(
    db,
    refused.map(event => event.event_id),
  )
  const linksOf = new Map<number, Awaited<ReturnType<typeof readLinksToBids>>>()
  for (const number of cycles.keys()) {
    linksOf.set(number, await readLinksToBids(db, marketId, number, MAX_BIDS_LINKED))
  }

  return events.flatMap(event => {
    const deciding = decidingEventOf(event, storedTimes)
    if (event.type === 'bid_rejected') {
      const refusal = {
        marketId,
        agent: event.agent_id ?? null,
        correlationId: event.correlation_id,
        traceId: event.trace_id ?? null,
        parentSpanId: parents.get(event.event_id) ?? null,
      }
      return refusalSpans({ ...event.data, ...refusal }, deciding)
    }
    if (event.type === 'cycle_cleared') {
      const cycle = cycles.get(event.data.cycle)
      return cycle === undefined ? [] : cycleSpans(cycle, deciding, linksOf.get(cycle.number)!)
    }
    return bidDecidedBy(event).flatMap(bidId => {
      const bid = bids.get(bidId)
      if (bid === undefined) return []
      return endsLease(event) ? leaseSpan(bid, deciding) : bidSpans(bid, deciding)
    })
  })
}

function endsLease({ type }: BourseEvent): boolean {
  return type === 'lease_ended' || type === 'lease_revoked'
}

function bidDecidedBy(event: BourseEvent): string[] {
  return isDecision(event) ? [event.data.bid_id] : []
}

function isDecision(
  event: BourseEvent,
): event is Extract<BourseEvent, { type: (typeof DECIDES_BID)[number] }> {
  return (DECIDES_BID as readonly string[]).includes(event.type)
}

function decidingEventOf(event: BourseEvent, storedTimes: ReadonlyMap<string, number>): DecidingEvent {
  return {
    eventId: event.event_id,
    seq: event.seq,
    atMs: Date.parse(event.timestamp),
    storedAtMs: storedTimes.get(event.event_id) ?? null,
  }
}
