import type { Outcome } from '../economy/refusal.ts'

/** An operation under its caller's key: a replay answers the first outcome. Null: it cannot be recognised again. */
interface Keyed {
  marketId: string
  key: string | null
}

export interface TransferRequest extends Keyed {
  from: string
  to: string
  amountMicro: bigint
  purpose: string
}

export interface GrantRequest extends Keyed {
  agent: string
  amountMicro: bigint
  reason: string
  actor?: string
}

export interface AdjustRequest extends Keyed {
  agent: string
  /** Above zero: minted; below: burned. */
  amountMicro: bigint
  reason: string
  actor: string
}

export interface HoldRequest extends Keyed {
  agent: string
  amountMicro: bigint
  /** What the credits are held for. */
  ref: string
}

export interface SettleHoldRequest {
  marketId: string
  holdId: string
  to: string
}

export interface ReleaseHoldRequest {
  marketId: string
  holdId: string
}

export type MovedCredits = Outcome<{ operationId: string; balance: string }>
export type PlacedHold = Outcome<{ holdId: string; amount: string }>
export type ResolvedHold = Outcome<{ holdId: string; status: 'settled' | 'released'; amount: string }>

/**
 * Credits outside the book: transfers, grants and holds. Every call is one transaction; a refusal is an answer,
 * kept under the caller's key like any other. Other content under a used key is `idempotency_conflict`.
 */
export interface Ledger {
  /** Moves available credits from one agent to another. */
  transfer(request: TransferRequest): Promise<MovedCredits>
  /** Mints credits to an agent, in an operator's name. */
  grant(request: GrantRequest): Promise<MovedCredits>
  /** Corrects an agent's balance, in an operator's name. */
  adjust(request: AdjustRequest): Promise<MovedCredits>
  /** Sets an agent's available credits aside until the hold is settled or released. */
  placeHold(request: HoldRequest): Promise<PlacedHold>
  /** Pays a hold to another agent, once. Asked again it answers the same; a released one is refused. */
  settleHold(request: SettleHoldRequest): Promise<ResolvedHold>
  /** Gives a hold back to its agent, once. Asked again it answers the same; a settled one is refused. */
  releaseHold(request: ReleaseHoldRequest): Promise<ResolvedHold>
}
