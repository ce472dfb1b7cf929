import {
  executionEndOf,
  executionTerminatedEvent,
  isRefunded,
  refundEvent,
} from '../../execution/execution-end.ts'
import type { EndedRun, ExecutionOutcome } from '../../execution/executions.ts'
import { type BatchStart, closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { lockPayers, refundLeases } from '../leases/refund-leases.ts'
import type { DatabaseClient } from '../pool.ts'
import { lockExecution } from './lock-execution.ts'

/** Ends an execution that runs. Locks the payer, the execution, system accounts, and last the sequence row. */
export async function endExecution(
  client: DatabaseClient,
  leaseId: string,
  run: EndedRun,
): Promise<{ outcome: ExecutionOutcome; marketId: string; woken: boolean }> {
  const payers = await lockPayers(client, [leaseId])
  const found = await lockExecution(client, leaseId)
  if (found === null) throw new Error(`there is no execution ${leaseId}`)
  const { execution, status, stopRequested } = found
  const { marketId } = execution
  if (found.outcome !== null) return { outcome: found.outcome, marketId, woken: false }
  if (status !== 'running') throw new Error(`execution ${leaseId} is ${status}, and cannot be ended`)

  const batch = await startBatch(client, marketId)
  const reason = executionEndOf({ ...run, stopRequested })
  const exitCode = run.sandbox?.exitCode ?? null
  const refunded = isRefunded(reason) && !found.isLeaseRefunded
  const events = [executionTerminatedEvent(execution, { exitCode, reason })]
  if (refunded) {
    const payment = { payer: found.payer, amountMicro: found.paidMicro, leaseId }
    events.push(refundEvent(`execution/${leaseId}/end`, payment, execution))
    await refundLeases(client, batch, payers, [
      { leaseId, payerId: found.payerId, amountMicro: found.paidMicro },
    ])
  }
  await client.query(
    `update executions set status = 'terminated', ended_at = $2, exit_code = $3, reason = $4, refunded = $5,
            stdout = $6, stdout_total = $7, stderr = $8, stderr_total = $9, cpu_seconds = $10, problem = $11
      where lease_id = $1`,
    [
      leaseId,
      new Date(batch.nowMs),
      exitCode,
      reason,
      refunded,
      Buffer.from(run.stdout.bytes),
      run.stdout.total,
      Buffer.from(run.stderr.bytes),
      run.stderr.total,
      run.cpuSeconds,
      run.problem?.slice(0, 2_000) ?? null,
    ],
  )
  await keepWorkspace(client, batch, found.agentId, leaseId, run.workspace)
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return {
    outcome: { leaseId, status: 'terminated', reason, exitCode, refunded: refunded || found.isLeaseRefunded },
    marketId,
    woken,
  }
}

async function keepWorkspace(
  client: DatabaseClient,
  batch: BatchStart,
  agentId: bigint,
  leaseId: string,
  workspace: EndedRun['workspace'],
): Promise<void> {
  if (workspace === 'not_kept') return
  if (workspace === null) {
    await client.query('delete from workspaces where agent_id = $1', [agentId])
    return
  }
  await client.query(
    `insert into workspaces (agent_id, archive, lease_id, kept_at) values ($1, $2, $3, $4)
     on conflict (agent_id) do update
        set archive = excluded.archive, lease_id = excluded.lease_id, kept_at = excluded.kept_at`,
    [agentId, Buffer.from(workspace), leaseId, new Date(batch.nowMs)],
  )
}
