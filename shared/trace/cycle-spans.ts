import type { CycleFacts, DecidingEvent } from './facts.ts'
import { type SpanLink, type SpanRecord, spanIdOf, spanRecord } from './span-record.ts'
import { placeOfCycle } from './traces.ts'

/** A cycle links to at most this many of its bids, the best first; each of its bids links to it. */
export const MAX_BIDS_LINKED = 100

/** A settled cycle as spans: one trace however many bids it decided, which it links to instead of holding them. */
export function cycleSpans(
  cycle: CycleFacts,
  settled: DecidingEvent,
  bids: readonly SpanLink[],
): SpanRecord[] {
  const place = placeOfCycle(cycle)
  const common = { 'bourse.market': cycle.marketId, 'bourse.cycle': cycle.number }
  const part = (name: string, startMs: number, endMs: number, attributes: SpanRecord['attributes'] = {}) =>
    spanRecord({
      traceId: place.traceId,
      spanId: spanIdOf(place.spanId, name),
      parentSpanId: place.spanId,
      name,
      startMs,
      endMs,
      attributes: { ...common, ...attributes },
    })
  const linked = bids.slice(0, MAX_BIDS_LINKED)
  const decided = cycle.winners + cycle.losers
  return [
    spanRecord({
      ...place,
      name: 'cycle',
      startMs: cycle.openedAtMs,
      endMs: settled.atMs,
      attributes: {
        ...common,
        'bourse.cycle.policy': cycle.policy,
        'bourse.cycle.price_source': cycle.priceSource,
        'bourse.cycle.considered': cycle.considered,
        'bourse.cycle.winners': cycle.winners,
        'bourse.cycle.losers': cycle.losers,
        'bourse.cycle.left_waiting': cycle.leftWaiting,
        'bourse.cycle.revenue': cycle.revenue,
        'bourse.cycle.cutoff_score': cycle.cutoffScore ?? 'none',
        'bourse.cycle.run_id': cycle.openedByRun,
      },
      links: linked,
      linksLeftOut: Math.max(0, decided - linked.length),
    }),
    part('cycle clearing', cycle.openedAtMs, cycle.effectiveAtMs),
    part('cycle settlement', cycle.effectiveAtMs, settled.atMs),
    part('cycle publication', settled.atMs, settled.storedAtMs ?? settled.atMs, {
      'bourse.event.id': settled.eventId,
      'bourse.event.seq': settled.seq,
    }),
  ]
}
