import type { Allowance } from '../../allowance/decisions.ts'
import type { Prompt } from '../../attention/decisions.ts'
import type { FoldedReason } from '../../bid/folded-refusal.ts'
import type { TokenBucket } from '../../bid/token-bucket.ts'
import type { EventDraft } from '../../events/draft.ts'
import { eventIdOf } from '../../events/event-id.ts'
import type { LedgerAgent, LedgerHold } from '../../ledger/decisions.ts'
import type { Movement, SystemAccount } from '../../ledger/movement.ts'
import type { Living } from '../../life/life.ts'
import type { SettledCycle } from '../../market/cycle-summary.ts'
import type { Pauses } from '../../market/market-clock.ts'
import type { RecordedTick } from '../../market/price-tick.ts'
import type { MarketRules, Resource } from '../../market/rules.ts'
import type { BookBid } from '../../market/settlement.ts'
import { MAX_MINTED_MICRO } from '../../money/credits.ts'
import type { PriceSource } from '../../pricing/price-source.ts'
import type { MarketStatus } from '../economy.ts'
import { contentText, type FirstOutcome } from '../first-outcome.ts'

/** An economy without a database: what the memory economy and the memory ledger share. */
export interface MemoryState {
  /** Milliseconds; the one clock. */
  now: () => number
  markets: Map<string, MemoryMarket>
  agentsMade: bigint
}

export interface MemoryMarket {
  marketId: string
  displayName: string
  status: MarketStatus
  accepting: boolean
  asleep: boolean
  wakeAtMs: number | null
  resources: Resource[]
  leasedPpm: number[]
  rules: MarketRules
  pauses: Pauses
  /** The newest tick. */
  prices: (RecordedTick & { recordedAtMs: number }) | null
  agreedPeriodSeconds: number | null
  agents: Map<string, MemoryAgent>
  /** What is left of the bids that the agents of an owner share. */
  ownerBuckets: Map<string, TokenBucket | null>
  bids: Map<string, MemoryBid>
  holds: Map<string, LedgerHold>
  leases: MemoryLease[]
  prompts: Map<string, Prompt>
  allowances: Map<string, Allowance>
  cycles: MemoryCycle[]
  operations: Map<string, { content: string; outcome: unknown }>
  refusals: { agent: string | null; reason: FoldedReason; count: number; sinceMs: number }[]
  accounts: Record<SystemAccount, bigint>
  movements: Movement[]
  events: MemoryEvent[]
  publishedSeq: number
}

export interface MemoryAgent extends Living {
  agentId: bigint
  openBids: number
  bucket: TokenBucket | null
  ownerName: string | null
}

export interface MemoryBid extends BookBid {
  status: 'pending' | 'winning' | 'outbid' | 'cancelled' | 'expired' | 'completed'
  lastConsideredCycle: bigint | null
}

export interface MemoryLease {
  leaseId: string
  bidId: string
  beneficiary: string
  quantitiesPpm: number[]
  startsAtMs: number
  endsAtMs: number
  status: 'active' | 'ended'
  traceparent: string | null
}

/** A cycle with what it froze when it opened, and its outcome once settled. */
export interface MemoryCycle {
  number: number
  run: string
  openedAtMs: number
  cutoffSeq: bigint
  policy: MarketRules['policy']
  maxBids: number
  pricesMicro: number[]
  priceSource: PriceSource
  priceAgeSeconds: number | null
  outcome: SettledCycle | null
  /** What pauses had added up to when it took effect. */
  pausedMs: number
}

export type MemoryEvent = EventDraft & { seq: number; eventId: string; atMs: number }

/** Makes an economy's memory, empty; `now` gives milliseconds. */
export function createMemoryState(now: () => number): MemoryState {
  return { now, markets: new Map(), agentsMade: 0n }
}

/** Appends events in their order, and wakes the market. */
export function appendEvents(state: MemoryState, market: MemoryMarket, drafts: readonly EventDraft[]): void {
  const places = new Map<string, number>()
  const atMs = Math.max(state.now(), market.events.at(-1)?.atMs ?? 0)
  for (const draft of drafts) {
    const place = places.get(draft.operation) ?? 0
    places.set(draft.operation, place + 1)
    const eventId = eventIdOf(market.marketId, 1, draft.operation, place)
    market.events.push({ ...draft, seq: market.events.length + 1, eventId, atMs })
  }
  wake(state, market)
}

/** An agent's money, as the ledger decides over it. */
export function ledgerAgentOf(market: MemoryMarket, name: string): LedgerAgent | undefined {
  const agent = market.agents.get(name)
  if (agent === undefined) return undefined
  const { agentId, status, frozen, availableMicro, heldMicro } = agent
  return { agentId, name, isDead: status === 'dead', isFrozen: frozen, availableMicro, heldMicro }
}

/** Makes a sleeping market due. */
export function wake(state: MemoryState, market: MemoryMarket): void {
  if (!market.asleep) return
  market.asleep = false
  market.wakeAtMs = state.now()
}

/** Records movements and moves the system accounts; false, and nothing moved, when the mint would give too much. */
export function postMovements(market: MemoryMarket, movements: readonly Movement[]): boolean {
  const minted = movements.reduce((sum, one) => (one.from === 'mint' ? sum + one.amountMicro : sum), 0n)
  if (minted - market.accounts.mint > MAX_MINTED_MICRO) return false
  for (const { from, to, amountMicro } of movements) {
    if (typeof from === 'string') market.accounts[from] -= amountMicro
    if (typeof to === 'string') market.accounts[to] += amountMicro
  }
  market.movements.push(...movements)
  return true
}

/** The first outcome under an agent's key (null: an operator's), if there is one. */
export function findOutcome(
  market: MemoryMarket,
  agent: string | null,
  key: string,
  content: unknown,
): FirstOutcome | undefined {
  const first = market.operations.get(placeOf(agent, key))
  return first && { sameContent: first.content === contentText(content), outcome: first.outcome }
}

export function storeOutcome(
  market: MemoryMarket,
  agent: string | null,
  key: string,
  content: unknown,
  outcome: unknown,
): void {
  market.operations.set(placeOf(agent, key), { content: contentText(content), outcome })
}

function placeOf(agent: string | null, key: string): string {
  return `${agent ?? ''}/${key}`
}
