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
  lease: {
    leaseId: string
    startsAtMs: number
    endsAtMs: number
    status: 'active' | 'ended' | 'revoked'
  } | null
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
  priceAgeSeconds: number | null
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

/** Where and when an event stands, and whether the market's stream is known to hold it. */
export interface EventPlace {
  seq: number
  atMs: number
  published: boolean
}

/** All that is known of one bid: what is written down of it, its events, and how it stands now. */
export interface BidRecord extends BidFacts {
  placed: EventPlace
  /** Events about this bid that the outbox keeps, in their order. */
  events: (EventPlace & { type: string })[]
  execution: { status: string; reason: string | null } | null
  /** Whether its payer got back what was paid, because the lease was revoked or its program never ran. */
  isRefunded: boolean
  /** What the bid would meet now, if it is in the book. */
  now: { freeSupply: Record<string, number>; postedCost: string; belowPostedCost: boolean } | null
  /** Events before this one are gone, with the checkpoint that stands for them. */
  firstKeptSeq: number
}

/** A refused bid, which has no row: what its event or its stored verdict tells. */
export interface RefusalRecord {
  marketId: string
  agent: string | null
  traceId: string | null
  reason: string
  message: string | null
  required: string | null
  available: string | null
  /** How many refusals were counted together; 1: this one alone. */
  count: number
  event: EventPlace | null
}
