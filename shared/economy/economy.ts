import type { BidVerdict } from '../bid/admission.ts'
import type { ReadBidRequest } from '../bid/bid-request.ts'
import type { BidWay } from '../events/types/bid-events.ts'
import type { MarketRules, MarketSettings, Resource } from '../market/rules.ts'
import type { PriceSource } from '../pricing/price-source.ts'
import type { Program } from '../program/program.ts'
import type { Outcome } from './refusal.ts'

/** One bid on its way into admission; `bid` is what the caller sent, not yet looked at. */
export interface BidSubmission {
  agent: string
  bid: unknown
  via: BidWay
  actor: string
  /** W3C trace context of the caller. */
  traceparent?: string | null
  /** What `bid` was read as, where that was done before. */
  reading?: ReadBidRequest
}

export interface CancelRequest {
  marketId: string
  agent: string
  bidId: string
}

export type MarketStatus = 'open' | 'paused' | 'closing' | 'closed'

export interface MarketSummary {
  marketId: string
  displayName: string
  status: MarketStatus
  resources: (Resource & { leased: number })[]
  rules: MarketRules
  lastSeq: number
  publishedSeq: number
  wakeAt: string | null
  asleep: boolean
  pendingBids: number
  activeLeases: number
  /** Where the prices of a cycle opened now would come from, and how old they are. */
  priceSource: PriceSource
  priceAgeSeconds: number | null
  lastCycle: CycleSummary | null
}

/** A settled cycle as people and programs see it; quantities are fractions of capacity. */
export interface CycleSummary {
  cycle: number
  effectiveAt: string
  winners: number
  losers: number
  leftWaiting: number
  revenue: string
  supply: Record<string, number>
  demand: Record<string, number>
  utilisation: Record<string, number>
  prices: Record<string, string>
  priceSource: PriceSource
  /** How old the prices were, pauses not counted; null: none was ever recorded. */
  priceAgeSeconds: number | null
  cutoffScore: string | null
}

/** What the market's workflow is to do next; times are seconds from now. */
export type NextStep =
  | { step: 'clear'; cycle: number }
  | { step: 'tidy' }
  | { step: 'release' }
  | { step: 'wait'; seconds: number }
  | { step: 'sleep'; seconds: number | null }
  | { step: 'closed' }

export interface MarketTurn {
  next: NextStep
  /** Events are written that the stream is not known to hold. */
  unpublished: boolean
  /** Programs are to be started, or paid back because they never were. */
  executionsDue: boolean
  status: MarketStatus
  pricePeriodSeconds: number
}

/** What is posted after a tick. */
export interface PriceTick {
  /** The newest tick's number. */
  tick: number
  /** False when the tick was not later than the newest one, and moved nothing. */
  applied: boolean
  prices: Record<string, string>
  /** What was posted until this tick; absent when it moved nothing. */
  before?: Record<string, string>
}

/** What was due in a market, and was done. */
export interface TidyCounts {
  leasesEnded: number
  bidsExpired: number
  /** Agents that fell dormant or died. */
  livesChanged: number
  refusalsTold: number
}

/** What a market's price schedule should be. */
export interface PriceScheduleFacts {
  status: MarketStatus
  periodSeconds: number
  /** What rule and schedule last agreed on; null: there was no schedule yet. */
  agreedSeconds: number | null
}

/**
 * Every change of an economy. Each is one transaction with its events and tells no exception for what a
 * caller did wrong: a refusal is an answer. What throws is a server out of reach or a broken invariant.
 */
export interface Economy {
  createMarket(
    marketId: string,
    settings: MarketSettings,
    origin?: MarketOrigin,
  ): Promise<Outcome<{ marketId: string }>>
  registerAgent(request: RegisterAgent): Promise<Outcome<{ agent: string; balance: string }>>
  admitBids(marketId: string, submissions: readonly BidSubmission[]): Promise<BidVerdict[]>
  cancelBid(
    request: CancelRequest,
  ): Promise<Outcome<{ bidId: string; status: 'cancelled'; released: string }>>
  /** Changes rules by name; a cycle that is open keeps what it froze. */
  changeRules(marketId: string, changes: unknown, actor: string): Promise<Outcome<{ rules: MarketRules }>>
  /**
   * Opens cycle `number` (absent: the open one, else the next) or finds it open or settled. A new one remembers the
   * W3C trace context it was opened in.
   */
  openCycle(
    marketId: string,
    number: number | null,
    run: string,
    traceparent?: string | null,
  ): Promise<Outcome<OpenedCycle>>
  /** Clears and settles an open cycle; a settled one answers its stored outcome. */
  settleCycle(marketId: string, number: number): Promise<CycleSummary>
  /** Moves every posted price by one tick, whose time is `tickMs`; one that is not later than the newest moves nothing. */
  tickPrices(marketId: string, tickMs: number): Promise<Outcome<PriceTick>>
  findPriceSchedule(marketId: string): Promise<Outcome<PriceScheduleFacts>>
  /** Remembers the period on which a market's rule and its price schedule agree. */
  agreePricePeriod(marketId: string, seconds: number): Promise<void>
  /** Ends due leases, expires due bids, judges the lives of idle agents, tells folded refusals. */
  tidyMarket(marketId: string): Promise<TidyCounts>
  /** Decides what is due; when nothing is, records until when the market sleeps. */
  takeTurn(marketId: string, publishing: boolean): Promise<Outcome<MarketTurn>>
  pauseMarket(marketId: string, actor: string): Promise<Outcome<{ status: MarketStatus }>>
  resumeMarket(marketId: string, actor: string): Promise<Outcome<{ status: MarketStatus }>>
  /** Ends admission for good; the market's workflow then releases what is open. */
  beginClosing(marketId: string, actor: string): Promise<Outcome<{ status: MarketStatus }>>
  /** Releases open bids of a closing market, a bounded number a call; closed once none is left. */
  releaseOpenBids(marketId: string): Promise<{ released: number; closed: boolean }>
  findMarket(marketId: string): Promise<Outcome<{ status: MarketStatus; displayName: string }>>
  /** Whether the market (which must exist) has this agent. */
  findAgent(marketId: string, agent: string): Promise<Outcome<{ exists: boolean }>>
  describeMarket(marketId: string): Promise<Outcome<MarketSummary>>
}

export interface MarketOrigin {
  /** The benchmark scenario that the market is made for; each of its events carries it. */
  scenarioId?: string
}

export interface RegisterAgent {
  marketId: string
  agent: string
  displayName?: string
  owner?: string
  creditsMicro: bigint
  /** What runs on what it wins; absent: it fetches its leases by itself. */
  program?: Program
}

export interface OpenedCycle {
  cycle: number
  settled: boolean
}
