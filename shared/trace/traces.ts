import type { CycleFacts } from './facts.ts'
import { ownTrace } from './own-trace.ts'
import { spanIdOf } from './span-record.ts'
import { formatTraceparent, readTraceparent } from './traceparent.ts'

/** The first span of something, and the one it hangs under; null: the first of its trace. */
export interface TracePlace {
  traceId: string
  spanId: string
  parentSpanId: string | null
}

/**
 * Where a bid's span stands: under its sender's when that was recorded, else first in its sender's trace or its own.
 */
export function placeOfBid(bidId: string, traceparent: string | null): TracePlace {
  const own = ownTrace(bidId)
  const given = readTraceparent(traceparent)
  if (given === null || given.traceId === own.traceId) return { ...own, parentSpanId: null }
  return {
    traceId: given.traceId,
    spanId: own.spanId,
    parentSpanId: given.sampled ? given.spanId : null,
  }
}

/** Where a cycle's span stands: in the trace it was opened in when that is recorded, else in one of its own. */
export function placeOfCycle({
  marketId,
  number,
  openedByRun,
  traceparent,
}: Pick<CycleFacts, 'marketId' | 'number' | 'openedByRun' | 'traceparent'>): TracePlace {
  const name = `${marketId}/cycle/${number}/${openedByRun}`
  const spanId = spanIdOf(name, 'cycle')
  const given = readTraceparent(traceparent)
  return given?.sampled
    ? { traceId: given.traceId, spanId, parentSpanId: given.spanId }
    : { traceId: `${spanIdOf(name, 'trace')}${spanId}`, spanId, parentSpanId: null }
}

/** The id of the span that a bid's lease is. */
export function spanIdOfLease(bidId: string): string {
  return spanIdOf(bidId, 'lease')
}

/** The traceparent for what happens in a bid's lease: it hangs under the lease's span. */
export function traceparentOfLease(bidId: string, traceparent: string | null): string {
  const { traceId } = placeOfBid(bidId, traceparent)
  const sampled = readTraceparent(traceparent)?.sampled ?? true
  return formatTraceparent({ traceId, spanId: spanIdOfLease(bidId), sampled })
}
