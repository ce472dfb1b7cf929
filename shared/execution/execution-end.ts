import { draftEvent, type EventDraft } from '../events/draft.ts'
import { formatCredits } from '../money/credits.ts'
import type { SandboxEnd } from '../sandbox/sandbox.ts'

/**
 * Why an execution is over. `interrupted`: the worker that ran it went away, or was told to; `tokens`: it ended by
 * itself after its lease's tokens were used up; `failed_to_start`: its program never began, by no fault of its own.
 */
export const EXECUTION_ENDS = [
  'finished',
  'time',
  'memory',
  'tokens',
  'operator',
  'interrupted',
  'failed_to_start',
] as const
export type ExecutionEnd = (typeof EXECUTION_ENDS)[number]

/** What is known when a sandbox has ended, or was never seen to. */
export interface EndFacts {
  /** How the sandbox ended; null: nobody was there to see. */
  sandbox: { reason: SandboxEnd; exitCode: number | null } | null
  stopRequested: boolean
  /** Whether the lease had no tokens left for the language model. */
  tokensUsedUp: boolean
}

/** Why an execution is over, by what is known. */
export function executionEndOf({ sandbox, stopRequested, tokensUsedUp }: EndFacts): ExecutionEnd {
  if (sandbox === null || sandbox.reason === 'stopped') return stopRequested ? 'operator' : 'interrupted'
  if (sandbox.reason === 'finished' && sandbox.exitCode !== 0 && tokensUsedUp) return 'tokens'
  return sandbox.reason
}

/** Only what failed before the program began, by our fault, gives the payer its credits back. */
export function isRefunded(end: ExecutionEnd): boolean {
  return end === 'failed_to_start'
}

interface ExecutionFacts {
  leaseId: string
  /** Whose program it is: the lease's beneficiary. */
  agent: string
  bidId: string
  traceparent: string | null
}

const contextOf = ({ agent, bidId, traceparent }: ExecutionFacts) => {
  return { agent, correlationId: bidId, traceparent }
}

/** Tells that an agent's program runs. An execution is known by its lease's id: a lease has at most one. */
export function executionStartedEvent(execution: ExecutionFacts): EventDraft {
  const { leaseId } = execution
  const data = { execution_id: leaseId, lease_id: leaseId }
  return draftEvent(`execution/${leaseId}/start`, 'execution_started', data, contextOf(execution))
}

export function executionTerminatedEvent(
  execution: ExecutionFacts,
  { exitCode, reason }: { exitCode: number | null; reason: ExecutionEnd },
): EventDraft {
  const { leaseId } = execution
  const data = { execution_id: leaseId, exit_code: exitCode, reason }
  return draftEvent(`execution/${leaseId}/end`, 'execution_terminated', data, contextOf(execution))
}

/** Tells that a payer has the price of a lease back. */
export function refundEvent(
  operation: string,
  { payer, amountMicro, leaseId }: { payer: string; amountMicro: bigint; leaseId: string },
  { bidId, traceparent }: Pick<ExecutionFacts, 'bidId' | 'traceparent'>,
): EventDraft {
  const data = { agent_id: payer, amount: formatCredits(amountMicro), reason: 'refund', ref: leaseId }
  return draftEvent(operation, 'credits_minted', data, { agent: payer, correlationId: bidId, traceparent })
}
