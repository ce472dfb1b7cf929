import type { Allowances } from '../../../shared/allowance/allowance.ts'
import type { Attention } from '../../../shared/attention/attention.ts'
import type { Economy } from '../../../shared/economy/economy.ts'
import type { EventData, EventName } from '../../../shared/events/registry.ts'
import type { Ledger } from '../../../shared/ledger/ledger.ts'
import type { SystemAccount } from '../../../shared/ledger/movement.ts'

/** An implementation of the economy and its ledger, with what a test does to its world and reads of it. */
export interface EconomyUnderTest {
  economy: Economy
  ledger: Ledger
  attention: Attention
  allowances: Allowances
  /** The economy's clock, in milliseconds. */
  now: () => Promise<number>
  /** Lets this much time pass in a market. */
  passTime: (marketId: string, seconds: number) => Promise<void>
  setAgentStatus: (marketId: string, agent: string, status: 'alive' | 'dormant' | 'dead') => Promise<void>
  /** Records posted prices, in the resources' order. */
  recordPrices: (marketId: string, pricesMicro: number[]) => Promise<void>
  markPublished: (marketId: string) => Promise<void>
  readBooks: (marketId: string) => Promise<Books>
}

/** Everything that a market has written down. */
export interface Books {
  agents: Map<string, { availableMicro: bigint; heldMicro: bigint; openBids: number }>
  accounts: Record<SystemAccount, bigint>
  bids: { bidId: string; payer: string; amountMicro: bigint; status: string; cycle: number | null }[]
  holds: { holdId: string; agent: string; amountMicro: bigint; status: string }[]
  prompts: {
    promptId: string
    agent: string
    amountMicro: bigint
    status: string
    awardedMicro: bigint | null
  }[]
  leases: { bidId: string; leaseId: string; beneficiary: string; quantitiesPpm: number[]; status: string }[]
  leasedPpm: number[]
  /** The sum of each agent's postings. */
  postedMicro: Map<string, bigint>
  events: WrittenEvent[]
}

export interface WrittenEvent {
  seq: number
  eventId: string
  operation: string
  type: EventName
  agent: string | null
  correlationId: string
  data: EventData<EventName>
}
