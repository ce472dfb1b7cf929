import type { ExecutionResult } from '../contracts/workflows.ts'
import type { Outcome } from '../economy/refusal.ts'
import type { Program } from '../program/program.ts'
import type { KeptOutput } from '../sandbox/kept-output.ts'
import type { LeasedShare } from './envelope.ts'
import type { EndFacts } from './execution-end.ts'

export type ExecutionStatus = 'due' | 'requested' | 'running' | 'terminated' | 'missed'

/** An execution that nobody was asked to run yet. */
export interface DueExecution {
  leaseId: string
  agent: string
  /** W3C trace context of its lease. */
  traceparent: string
}

/** What runs, on what, and until when. */
export interface BegunExecution {
  state: 'begun'
  leaseId: string
  marketId: string
  agent: string
  program: Program
  workspace: Uint8Array | null
  shares: LeasedShare[]
  endsAt: string
  /** From the moment it began, by Postgres's clock. */
  endsInMs: number
  /** An operator wanted it to end before it began. */
  stopRequested: boolean
}

/**
 * `running`: somebody began it before, and has not come back to end it. `over`: it ended, or its lease did before it
 * began.
 */
export type Begin = BegunExecution | { state: 'running' } | { state: 'over'; outcome: ExecutionOutcome }

/** How an execution came out; null where it never ran. */
export type ExecutionOutcome = ExecutionResult

/** What is left of a run when it is over. */
export interface EndedRun {
  sandbox: EndFacts['sandbox']
  tokensUsedUp: boolean
  stdout: KeptOutput
  stderr: KeptOutput
  cpuSeconds: number | null
  problem: string | null
  /** Compressed; null: it left nothing; `not_kept`: what an earlier run left stays. */
  workspace: Uint8Array | null | 'not_kept'
}

/** Executions in one market's database. Each change is one transaction with its events, and made once. */
export interface Executions {
  /** Executions nobody was asked to run, the oldest leases first, at most `limit`. */
  findDue(marketId: string, limit: number): Promise<DueExecution[]>
  /** Whose it is, and how long its lease still lasts. */
  find(leaseId: string): Promise<Outcome<{ marketId: string; agent: string; endsInMs: number }>>
  /** Notes that their workflows were started. */
  markRequested(marketId: string, leaseIds: readonly string[]): Promise<void>
  /** Begins one while its lease lasts; whoever is told `begun` must run it, and nobody else is told so. */
  begin(leaseId: string, worker: string): Promise<Outcome<{ begin: Begin }>>
  /** Ends one that runs; one that is over answers how it ended. */
  end(leaseId: string, run: EndedRun): Promise<ExecutionOutcome>
  /** Gives back what was paid for leases that ended before their programs began; answers how many. */
  refundMissed(marketId: string): Promise<number>
  /** Notes that an operator wants one to end; whoever runs it looks. */
  requestStop(
    marketId: string,
    leaseId: string,
    actor: string,
  ): Promise<Outcome<{ leaseId: string; status: ExecutionStatus }>>
}
