import type { Outcome } from '../economy/refusal.ts'

/** Who is paid: one agent, or all agents of an owner, who share what their owner is given. */
export type AllowanceHolder = { agent: string } | { owner: string }

export interface SetAllowanceRequest {
  marketId: string
  holder: AllowanceHolder
  /** What each period adds. */
  amountMicro: bigint
  periodSeconds: number
  /** What the holder may have unspent of it at most. */
  capMicro: bigint
  actor: string
}

export interface EndAllowanceRequest {
  marketId: string
  holder: AllowanceHolder
  actor: string
}

export interface PayAllowancesRequest {
  marketId: string
  periodSeconds: number
  /** When it was to be paid, in milliseconds since 1970: it decides the period. */
  atMs: number
}

/** An allowance as people see it; credits are decimal strings. */
export interface AllowanceSummary {
  agent: string | null
  owner: string | null
  amount: string
  periodSeconds: number
  cap: string
  /** What may still be there of what was paid, when it was paid last. */
  unspent: string
  /** When the next period begins, which is paid then. */
  nextAt: string
}

/** What was paid for one period: to how many agents, how much in all. */
export interface PaidAllowances {
  period: number
  agents: number
  amount: string
}

/**
 * What operators give regularly. Each change is one transaction with its events; a refusal is an answer. A period of an
 * allowance is paid once, whoever asks and however often.
 */
export interface Allowances {
  /** Gives an allowance or changes the one there is; the same again changes nothing. */
  set(request: SetAllowanceRequest): Promise<Outcome<{ allowance: AllowanceSummary; changed: boolean }>>
  /** Ends an allowance; what was paid stays. Where there is none, it changes nothing. */
  end(request: EndAllowanceRequest): Promise<Outcome<{ ended: boolean }>>
  /** Pays every allowance of a market and period what it has not been paid yet, up to the period of `atMs`. */
  pay(request: PayAllowancesRequest): Promise<Outcome<PaidAllowances>>
  /** A market's allowances, at most `limit`. */
  list(marketId: string, limit: number): Promise<Outcome<{ items: AllowanceSummary[] }>>
}
