import type { EventData } from '../events/registry.ts'
import { explainRefusal } from './explain-decision.ts'
import type { DecidingEvent } from './facts.ts'
import { ownTrace } from './own-trace.ts'
import { type SpanRecord, spanIdOf, spanRecord } from './span-record.ts'

/** A refusal as its event tells it. */
export interface RefusalFacts extends EventData<'bid_rejected'> {
  marketId: string
  agent: string | null
  /** The refused bid's operation; of refusals that were counted together, whatever told them. */
  correlationId: string
  /** Null: refusals that were counted together have no sender's trace. */
  traceId: string | null
  parentSpanId: string | null
}

/**
 * A refused bid as spans: the bid, and the admission that refused it. Refusals that were counted together, one event
 * for each agent, reason and second, are one span: a flood of bids makes no flood of spans.
 */
export function refusalSpans(refusal: RefusalFacts, event: DecidingEvent): SpanRecord[] {
  const { traceId, correlationId, count } = refusal
  const times = { startMs: event.atMs, endMs: event.atMs }
  const told = { ...times, attributes: attributesOf(refusal, event), problem: explainRefusal(refusal) }
  if (traceId === null || count > 1) {
    return [spanRecord({ ...ownTrace(event.eventId), parentSpanId: null, name: 'bids refused', ...told })]
  }
  const own = ownTrace(correlationId)
  const parentSpanId = refusal.parentSpanId === own.spanId ? null : refusal.parentSpanId
  return [
    spanRecord({ traceId, spanId: own.spanId, parentSpanId, name: 'bid', ...told }),
    spanRecord({
      traceId,
      spanId: spanIdOf(correlationId, 'bid admission'),
      parentSpanId: own.spanId,
      name: 'bid admission',
      ...told,
    }),
  ]
}

function attributesOf(refusal: RefusalFacts, event: DecidingEvent): SpanRecord['attributes'] {
  return {
    'bourse.market': refusal.marketId,
    ...(refusal.agent === null ? {} : { 'bourse.agent': refusal.agent }),
    'bourse.bid.outcome': 'refused',
    'bourse.bid.reason': refusal.reason,
    'bourse.bid.refused_count': refusal.count,
    ...(refusal.required === null ? {} : { 'bourse.bid.required': refusal.required }),
    ...(refusal.available === null ? {} : { 'bourse.bid.available': refusal.available }),
    'bourse.event.id': event.eventId,
    'bourse.event.seq': event.seq,
  }
}
