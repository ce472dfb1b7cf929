import type { EventData } from './registry.ts'
import { type Finished, nothingFinished } from './tally.ts'

export interface MarketState {
  /** `closing` from the moment it admits no more: the events do not tell when its last bid was released. */
  status: 'open' | 'paused' | 'closing'
  resources: { name: string; unit: string; capacity: string }[]
  rules: Record<string, unknown>
  mintedMicro: bigint
  burnedMicro: bigint
  /** What waits for the outcome of prompts: agents' credits and these are those minted less those burned. */
  escrowMicro: bigint
  /** What active leases hold, parts per million of capacity, in the order of the resources. */
  leasedPpm: number[]
}

export interface AgentState {
  status: 'alive' | 'dormant' | 'dead'
  /** Kept by an operator from acting, whatever its status. */
  frozen: boolean
  owner: string | null
  /** The agent that spawned it. */
  parent: string | null
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
  status: 'active' | 'ended' | 'revoked'
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

/** What an agent offers to others, and how its calls ended. */
export interface ServiceState {
  costMicro: bigint
  specification: unknown
  succeeded: number
  failed: number
}

/** What an operator gives regularly. */
export interface AllowanceState {
  amountMicro: bigint
  periodSeconds: number
  capMicro: bigint
}

/** A run of an agent's program. */
export interface ExecutionState {
  agent: string
  leaseId: string
  status: 'running' | 'terminated'
  exitCode: number | null
  reason: string | null
}

/** A request for a person's attention. */
export interface PromptState {
  agent: string
  leaseId: string
  amountMicro: bigint
  text: string
  expiresAt: string | null
  status: 'open' | 'rewarded' | 'expired'
  scores: EventData<'human_reward_issued'>['scores'] | null
  awardedMicro: bigint | null
}

/**
 * A market as its events tell it. What they do not tell is not here: tokens, idempotency, open cycles, buckets,
 * when it wakes, display names, and which periods of allowances were paid.
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
  /** By `<agent>/<service>`. */
  services: Map<string, ServiceState>
  /** By `agent/<agent>` or `owner/<owner>`. */
  allowances: Map<string, AllowanceState>
  executions: Map<string, ExecutionState>
  prompts: Map<string, PromptState>
  /** What a checkpoint told to be over for good: those things are in none of the maps. */
  finished: Finished
  /** Lines of the checkpoint that is being read; null: none is. */
  checkpointLines: string[] | null
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
    services: new Map(),
    allowances: new Map(),
    executions: new Map(),
    prompts: new Map(),
    finished: nothingFinished(),
    checkpointLines: null,
  }
}
