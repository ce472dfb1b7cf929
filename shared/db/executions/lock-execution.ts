import { type Outcome, refuse } from '../../economy/refusal.ts'
import type { ExecutionOutcome, ExecutionStatus } from '../../execution/executions.ts'
import type { DatabaseClient } from '../pool.ts'

export function refuseUnknownExecution(leaseId: string): Outcome<never> {
  const message = `there is no execution ${JSON.stringify(leaseId)}: an execution is named by its lease's id`
  return refuse('unknown_execution', message, 'leaseId')
}

/** An execution with its lease and bid, its own row locked; null: there is none. */
export async function lockExecution(client: DatabaseClient, leaseId: string) {
  const { rows } = await client.query(
    `select e.*, l.ends_at, l.refunded as is_lease_refunded, l.agent_id as payer_id, a.name as agent, p.name as payer,
            b.bid_id, b.amount_micro, b.traceparent
       from executions e join leases l using (lease_id) join bids b using (bid_id)
       join agents a on a.agent_id = e.agent_id join agents p on p.agent_id = l.agent_id
      where e.lease_id = $1 for no key update of e`,
    [leaseId],
  )
  const row = rows[0]
  if (row === undefined) return null
  const isOver = row.status === 'terminated' || row.status === 'missed'
  const outcome: ExecutionOutcome | null = isOver
    ? {
        leaseId,
        status: row.status,
        reason: row.reason,
        exitCode: row.exit_code,
        refunded: row.refunded || row.is_lease_refunded,
      }
    : null
  return {
    execution: {
      leaseId,
      marketId: row.market_id as string,
      agent: row.agent as string,
      bidId: row.bid_id as string,
      traceparent: row.traceparent as string | null,
    },
    status: row.status as ExecutionStatus,
    outcome,
    stopRequested: row.stop_requested_by !== null,
    agentId: row.agent_id as bigint,
    payerId: row.payer_id as bigint,
    payer: row.payer as string,
    paidMicro: row.amount_micro as bigint,
    isLeaseRefunded: row.is_lease_refunded as boolean,
    endsAtMs: row.ends_at.getTime() as number,
  }
}
