import type { EventData } from './registry.ts'

export interface MarketState {
  /** `closing` from the moment it admits no more: the events do not tell when its last bid was released. */
  status: 'open' | 'paused' | 'closing'
  resources: { name: string; unit: string; capacity: string }[]
  rules: Record<string, unknown>
  mintedMicro: bigint
  burnedMicro: bigint
  /** What active leases hold, parts per million of capacity, in the order of the resources. */
  leasedPpm: number[]
}

export interface AgentState {
  status: 'alive' | 'dormant' | 'dead'
  availableMicro: bigint
  heldMicro: bigint
  openBids: number
}

export interface BidState {
  payer: string
  beneficiary: string
  amountMicro: bigint
  quantitiesPpm: number[]
  durationSeconds: number
  goodTillCancelled: boolean
  expiresAt: string | null
  via: EventData<'bid_placed'>['via']
  actor: string
  status: 'pending' | 'winning' | 'outbid' | 'cancelled' | 'expired' | 'completed'
  decidedCycle: number | null
  score: string | null
  rank: number | null
}

/** Credits set aside for a service call. */
export interface HoldState {
  agent: string
  amountMicro: bigint
  ref: string
  status: 'held' | 'settled' | 'released'
  settledTo: string | null
}

export interface LeaseState {
  bidId: string
  payer: string
  beneficiary: string
  cycle: number
  quantitiesPpm: number[]
  startsAt: string
  endsAt: string
  status: 'active' | 'ended'
}

/** A settled cycle; lists are in the order of the resources. */
export interface CycleState {
  cutoffSeq: number
  effectiveAt: string
  supplyPpm: number[]
  demandPpm: number[]
  pricesMicro: bigint[]
  priceSource: EventData<'cycle_cleared'>['price_source']
  winners: number
  losers: number
  leftWaiting: number
  revenueMicro: bigint
  utilisationPpm: number[]
  cutoffScore: string | null
}

/** A posted price of one resource at one tick. */
export interface PriceState {
  priceMicro: bigint
  exponentMillionths: number
  demandPpm: number
  reason: string
  elapsedMs: number
  tickedAt: string
}

/**
 * A market as its events tell it. What they do not tell is not here: tokens, idempotency, open cycles, buckets,
 * when it wakes, and display names.
 */
export interface EconomyState {
  /** The last event applied; 0: none. */
  seq: number
  /** Null before the market was created. */
  market: MarketState | null
  agents: Map<string, AgentState>
  bids: Map<string, BidState>
  holds: Map<string, HoldState>
  leases: Map<string, LeaseState>
  cycles: Map<number, CycleState>
  /** By `<tick>/<resource>`. */
  prices: Map<string, PriceState>
}

/** A market that nothing has happened to. */
export function emptyState(): EconomyState {
  return {
    seq: 0,
    market: null,
    agents: new Map(),
    bids: new Map(),
    holds: new Map(),
    leases: new Map(),
    cycles: new Map(),
    prices: new Map(),
  }
}
