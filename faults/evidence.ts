import type { CallOutcome } from '../shared/llm/llm-store.ts'
import type { VerifyReport } from '../shared/verify/verify.ts'
import type { Operation } from './history.ts'
import type { StrangeDeath } from './stage/managed-part.ts'
import type { MetEvent } from './watch/collected.ts'
import type { MoneyTally } from './watch/money-tally.ts'

/** Everything the checks look at: what was done to a run, what its callers were told, and what is there in the end. */
export interface Evidence {
  faults: InjectedFault[]
  operations: Operation[]
  money: MoneyTally
  markets: MarketEvidence[]
  strangeDeaths: StrangeDeath[]
  /** Why the run did not come to rest after everything was healed, or null. */
  unrest: string | null
  verify: VerifyReport
}

/** A fault as it happened. */
export interface InjectedFault {
  wave: number
  kind: string
  target: string
  detail: Record<string, string | number>
  /** Null: there was nothing to hit, as the note says. */
  injectedMs: number | null
  healedMs: number | null
  note: string | null
}

/** What a market holds in the end, read straight from Postgres and NATS. */
export interface MarketEvidence {
  market: string
  bids: BidRow[]
  /** What is there of transfers, grants, holds and prompts, by the mark their callers gave them. */
  found: FoundRow[]
  cancelledBidIds: string[]
  prompts: PromptRow[]
  executions: ExecutionRow[]
  calls: CallRow[]
  budgets: BudgetRow[]
  holds: HoldRow[]
  /** Verdicts stored under a key: found even when the bid was refused. */
  outcomes: { key: string; agent: string | null; ok: boolean }[]
  /** Credits paid for bids, by bid. */
  payments: { bidId: string; times: number; amountMicro: bigint }[]
  leases: LeaseRow[]
  children: ChildRow[]
  /** The reasons given for revivals that took place. */
  revivals: string[]
  /** How often agents fell dormant, awoke, died and were revived. */
  turns: Record<string, number>
  cycles: CycleRow[]
  ticks: number
  /** The events of the table in `seq` order. */
  written: MetEvent[]
  /** What the stream holds, message by message. */
  stored: MetEvent[]
  /** What the collector met, restarts and all. */
  collected: MetEvent[]
  /** Cycles that events tell, one entry an event. */
  toldCycles: number[]
  rest: RestFacts
}

export interface BidRow {
  bidId: string
  agent: string
  /** The amount in credits as its caller wrote it. */
  mark: string
  amountMicro: bigint
  status: 'pending' | 'winning' | 'outbid' | 'cancelled' | 'expired' | 'completed'
}

export interface FoundRow {
  kind: 'transfer' | 'grant' | 'hold' | 'prompt'
  mark: string
  id: string
}

export interface HoldRow {
  holdId: string
  amountMicro: bigint
  status: 'held' | 'settled' | 'released'
  settledTransfers: number
}

export interface PromptRow {
  promptId: string
  status: 'open' | 'rewarded' | 'expired'
  awardedMicro: bigint | null
  /** How often its agent was rewarded for it, and with how much in all. */
  mints: number
  mintedMicro: bigint
  /** How often what it offered moved, into escrow and out of it. */
  escrowMoves: number
}

export interface ExecutionRow {
  leaseId: string
  status: 'due' | 'requested' | 'running' | 'terminated' | 'missed'
  isRefunded: boolean
  isRevoked: boolean
  /** How often its lease was paid back. */
  refunds: number
  /** How often events tell that it began, and that it ended. */
  begins: number
  ends: number
}

export interface LeaseRow {
  leaseId: string
  status: 'active' | 'ended' | 'revoked'
  quantitiesPpm: number[]
  startsMs: number
  endsMs: number
  /** Its revocation gave back what was paid for it. */
  isRefunded: boolean
  /** Its program never began, so that what was paid for it was given back. */
  isMissed: boolean
  /** How often that was given back. */
  refunds: number
}

/** An agent that another one spawned. */
export interface ChildRow {
  child: string
  parent: string
  /** How many generations it is younger than its parent. */
  generations: number
  /** How often its birth is told, its fee was burned, and it was given what it began with. */
  births: number
  fees: number
  endowments: number
}

/** A call to a model for which tokens were set aside. */
export interface CallRow {
  callId: string
  /** The trace in which its caller stood. */
  mark: string
  outcome: CallOutcome | null
  reservedTokens: number
  chargedTokens: number | null
  usedTokens: number | null
}

/** What a lease may spend on models, and what its calls came to. */
export interface BudgetRow {
  leaseId: string
  grantedTokens: number
  usedTokens: number
  reservedTokens: number
  openCalls: number
  /** What its calls were charged in all. */
  chargedTokens: number
}

export interface CycleRow {
  number: number
  status: 'open' | 'settled'
  effectiveMs: number | null
  winners: number
  losers: number
  revenueMicro: bigint
}

/** What a market at rest must not have left undone. */
export interface RestFacts {
  status: string
  asleep: boolean
  /** Milliseconds since it should have looked; negative: it sleeps until then; null: nothing is due. */
  overdueMs: number | null
  pendingBids: number
  /** Pending bids long past their time. */
  expiredBids: number
  openPrompts: number
  openExecutions: number
  openCalls: number
  /** Agents of whom something will become by time alone. */
  livesToJudge: number
  activeLeases: number
  /** Leases that ended long ago and still count. */
  endedLeases: number
  heldMicro: bigint
  lastSeq: number
  publishedSeq: number
}

/** What a check found. */
export interface CheckResult {
  name: string
  ok: boolean
  counts: Record<string, number>
  /** The first things that are wrong. */
  problems: string[]
}

export type Check = (evidence: Evidence) => CheckResult

const PROBLEMS_SHOWN_MAX = 10

/** A check's result: all is well when nothing is wrong. */
export function resultOf(
  name: string,
  counts: Record<string, number>,
  problems: readonly string[],
): CheckResult {
  return { name, ok: problems.length === 0, counts, problems: problems.slice(0, PROBLEMS_SHOWN_MAX) }
}
