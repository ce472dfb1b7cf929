import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { RejectionReason } from '../events/types/bid-events.ts'

/** Refusals of one agent and reason are told together after this time. */
export const REFUSAL_FOLDING_SECONDS = 1

/** A refusal that is counted. `agent` is who the caller said it is; one the market does not know counts for the market. */
export interface CountedRefusal {
  agent: string
  reason: FoldedReason
}

/** Refusals of one agent (null: of nobody the market knows) and reason, to be told as one event. */
export interface FoldedRefusal {
  agent: string | null
  reason: FoldedReason
  count: number
}

const FOLDED = [
  'rate_limited',
  'unknown_agent',
  'invalid_bid',
  'agent_frozen',
  'agent_not_alive',
  'market_closed',
] as const satisfies RejectionReason[]
export type FoldedReason = (typeof FOLDED)[number]

/**
 * Refusals that write no operation and no event of their own: all those that spend nothing from the agent's bucket, so that
 * flooding is no way to make us write.
 */
export function isFolded(code: string): code is FoldedReason {
  return (FOLDED as readonly string[]).includes(code)
}

/** Folded refusals in the order in which they are told: by agent, the market's own last, then by reason. */
export function inTellingOrder<Refusal extends FoldedRefusal>(refusals: readonly Refusal[]): Refusal[] {
  const place = ({ agent, reason }: FoldedRefusal) => `${agent ?? '~'} ${reason}`
  return refusals.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
}

/** Tells refusals that were counted since the last time. */
export function foldedRefusalEvent(operation: string, { agent, reason, count }: FoldedRefusal): EventDraft {
  return draftEvent(
    operation,
    'bid_rejected',
    { reason, required: null, available: null, count },
    { correlationId: operation, ...(agent === null ? {} : { agent }) },
  )
}
