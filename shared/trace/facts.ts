import type { BundleInput } from '../bundle/bundle.ts'
import type { Policy } from '../clearing/clear.ts'
import type { PriceSource } from '../pricing/price-source.ts'

/** What is written down of a bid, for telling its way; times are milliseconds, credits decimal strings. */
export interface BidFacts {
  marketId: string
  bidId: string
  payer: string
  beneficiary: string
  amount: string
  bundle: BundleInput
  status: 'pending' | 'winning' | 'outbid' | 'cancelled' | 'expired' | 'completed'
  goodTillCancelled: boolean
  expiresAtMs: number | null
  via: string
  actor: string
  traceparent: string | null
  /** When its admission decided, and when that was committed. */
  placedAtMs: number
  admittedAtMs: number
  placedSeq: number
  firstConsideredCycle: number | null
  lastConsideredCycle: number | null
  score: string | null
  rank: number | null
  /** The cycle that decided it. */
  cycle: CycleFacts | null
  lease: { leaseId: string; startsAtMs: number; endsAtMs: number; status: 'active' | 'ended' } | null
}

/** What is written down of a settled cycle. */
export interface CycleFacts {
  marketId: string
  number: number
  policy: Policy
  openedByRun: string
  traceparent: string | null
  openedAtMs: number
  effectiveAtMs: number
  considered: number
  winners: number
  losers: number
  leftWaiting: number
  revenue: string
  cutoffScore: string | null
  priceSource: PriceSource
  /** Fractions of capacity by resource that were free before and after. */
  supply: Record<string, number>
  remaining: Record<string, number>
  prices: Record<string, string>
}

/** An event that decided something, and when its stream took it (null: not known). */
export interface DecidingEvent {
  eventId: string
  seq: number
  atMs: number
  storedAtMs: number | null
}
