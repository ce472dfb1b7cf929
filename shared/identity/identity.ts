import type { Outcome } from '../economy/refusal.ts'
import type { Resource } from '../market/rules.ts'

/** A replaced token may stay good for so long at most. */
export const MAX_GRACE_SECONDS = 86_400

/** An agent as its token shows it. */
export interface TokenAgent {
  marketId: string
  agent: string
  owner: string | null
  /** Which of the agent's tokens it was; no secret. */
  tokenId: bigint
  /** When the token ends; null: when somebody ends it. */
  endsAtMs: number | null
}

/** A token that was ended. */
export interface EndedToken {
  marketId: string
  agent: string
  /** As in the names of its connections. */
  tokenId: bigint
}

/** A lease as its token shows it: who may use what, and until when. */
export interface TokenLease {
  marketId: string
  /** The beneficiary, who has the lease. */
  agent: string
  owner: string | null
  leaseId: string
  /** Which of the lease's tokens it was; no secret. */
  tokenId: bigint
  bidId: string
  /** What was won of each resource of the market, in parts per million of its capacity. */
  resources: (Resource & { quantityPpm: number })[]
  durationSeconds: number
  startsAtMs: number
  endsAtMs: number
  /** Until the end by Postgres's clock, which is the one that counts. */
  remainingMs: number
  /** The W3C trace context of the bid. */
  traceparent: string | null
}

export interface IssueAgentToken {
  marketId: string
  agent: string
  /** How long the tokens it had stay good, in whole seconds up to MAX_GRACE_SECONDS; 0: they end now. */
  graceSeconds: number
  actor: string
}

export interface RevokeAgentTokens {
  marketId: string
  agent: string
  reason: string
  actor: string
}

export interface FreezeAgent {
  marketId: string
  agent: string
  reason: string
  actor: string
}

export type ReviveAgent = FreezeAgent

export interface IssueLeaseToken {
  marketId: string
  leaseId: string
  /** Who asks: only the lease's beneficiary is given its token. Null: an operator, or the platform for the agent. */
  agent: string | null
  actor: string
}

export interface RevokeLease {
  marketId: string
  leaseId: string
  /** Whether the payer has its credits back. */
  refund: boolean
  reason: string
  actor: string
}

/** A lease that an operator ended early. */
export interface RevokedLease {
  leaseId: string
  endsAt: string
  payer: string
  /** Credits that the payer had back by this; 0: none. */
  refund: string
  /** Whether a program runs in it still, which was asked to end. */
  isProgramRunning: boolean
}

/**
 * Who is who. Tokens are drawn here, shown in the answer and kept as hashes only. A change is one transaction with its
 * events; a refusal is an answer. Connections that live on ended tokens are closed by others (shared/bus).
 */
export interface Identity {
  /** Gives an agent a new token, and ends those it had. Refused while it is frozen, and when it is dead. */
  issueAgentToken(
    request: IssueAgentToken,
  ): Promise<Outcome<{ agent: string; token: string; replaced: number }>>
  /** Ends every token an agent has, at once. Again: answers that nothing was left. */
  revokeAgentTokens(request: RevokeAgentTokens): Promise<Outcome<{ agent: string; revoked: number }>>
  /** Whose token this is. Refuses `unknown_token`, `wrong_token`, `token_expired`, `token_revoked`. */
  findAgentOfToken(token: string): Promise<Outcome<TokenAgent>>
  /** Tokens that ended within the last `seconds`, the newest first, at most `limit`. */
  listEndedTokens(seconds: number, limit: number): Promise<EndedToken[]>
  /** Keeps an agent from acting, and releases the bids it has open and those that are open for it. */
  freezeAgent(request: FreezeAgent): Promise<Outcome<{ agent: string; frozen: true; released: number }>>
  /** Lets it act again. */
  unfreezeAgent(request: FreezeAgent): Promise<Outcome<{ agent: string; frozen: false }>>
  /**
   * Ends an active lease now: its tokens end, its supply is free, its program is ended. Again: answers what was done.
   * Refuses `unknown_lease` and `lease_ended`.
   */
  revokeLease(request: RevokeLease): Promise<Outcome<RevokedLease>>
  /** Makes a dead agent alive again, and wakes a dormant one. Again: answers that it was alive. */
  reviveAgent(
    request: ReviveAgent,
  ): Promise<Outcome<{ agent: string; status: 'alive'; was: 'alive' | 'dormant' | 'dead' }>>
  /** Gives out a token for an active lease, good until it ends. */
  issueLeaseToken(
    request: IssueLeaseToken,
  ): Promise<Outcome<{ leaseId: string; token: string; endsAt: string }>>
  /**
   * The lease a token is for, while it may be used. Refuses `unknown_token`, `wrong_token`, `token_expired` (the lease
   * ended), `agent_frozen` and `agent_not_alive`.
   */
  findLeaseOfToken(token: string): Promise<Outcome<{ lease: TokenLease }>>
}
