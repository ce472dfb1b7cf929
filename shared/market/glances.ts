import type { PriceSource } from '../pricing/price-source.ts'

/** How a market stands, for the people who look at its workflow. */
export interface MarketGlance {
  /** Pending bids, counted up to `MAX_COUNTED`. */
  book: number
  /** Active leases, counted up to `MAX_COUNTED`. */
  leases: number
  /** Posted prices by resource, in credits. */
  prices: Record<string, string>
  priceSource: PriceSource
  priceAgeSeconds: number | null
  /** Fractions of capacity that are leased. */
  leased: Record<string, number>
}

/** How an agent stands, for the people who look at its workflow; amounts in credits. */
export interface AgentGlance {
  status: 'alive' | 'dormant' | 'dead'
  balance: string
  available: string
  held: string
  openBids: number
}

/** A glance costs little however large a book is: what is more than this is called more. */
export const MAX_COUNTED = 10_000

/** What is read for people only; nothing is decided by it. Null: there is no such market or agent. */
export interface Glances {
  market(marketId: string): Promise<MarketGlance | null>
  agent(marketId: string, agent: string): Promise<AgentGlance | null>
}
