/** Accounts that belong to no agent: the source of credits, their sink, and what waits for a human's scores. */
export type SystemAccount = 'mint' | 'burn' | 'escrow'

/** An end of a movement: a system account, or an agent with its balance (available and held) after it. */
export type Party = SystemAccount | { agentId: bigint; balanceAfterMicro: bigint }

/** One movement of credits, from one place to one other. */
export interface Movement {
  from: Party
  to: Party
  amountMicro: bigint
  purpose: string
  ref: string
}
