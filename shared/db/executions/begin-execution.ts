import type { Outcome } from '../../economy/refusal.ts'
import { executionStartedEvent } from '../../execution/execution-end.ts'
import type { Begin } from '../../execution/executions.ts'
import { readProgram } from '../agents/programs.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { DatabaseClient } from '../pool.ts'
import { lockExecution, refuseUnknownExecution } from './lock-execution.ts'

/** Begins an execution while its lease lasts. Locks the execution, and last the sequence row. */
export async function beginExecution(
  client: DatabaseClient,
  leaseId: string,
  worker: string,
): Promise<{ outcome: Outcome<{ begin: Begin }>; marketId: string; woken: boolean }> {
  const found = await lockExecution(client, leaseId)
  if (found === null) return { outcome: refuseUnknownExecution(leaseId), marketId: '', woken: false }
  const { execution, status, outcome } = found
  const { marketId } = execution
  const unchanged = (begun: Begin) => ({
    outcome: { ok: true, begin: begun } as const,
    marketId,
    woken: false,
  })
  if (outcome !== null) return unchanged({ state: 'over', outcome })
  if (status === 'running') return unchanged({ state: 'running' })
  const batch = await startBatch(client, marketId)
  const endsInMs = found.endsAtMs - batch.nowMs
  if (endsInMs <= 0) {
    const missed = {
      leaseId,
      status: 'missed',
      reason: 'lease_over',
      exitCode: null,
      refunded: false,
    } as const
    return unchanged({ state: 'over', outcome: missed })
  }
  const program = await readProgram(client, found.agentId)
  if (program === null) throw new Error(`execution ${leaseId} has no program`)
  await client.query(
    `update executions set status = 'running', worker = $2, started_at = $3 where lease_id = $1`,
    [leaseId, worker, new Date(batch.nowMs)],
  )
  const { rows } = await client.query(
    `select (select archive from workspaces where agent_id = l.beneficiary_id) as workspace,
            (select json_agg(json_build_object('name', name, 'capacity', capacity::text,
                             'ppm', l.quantities_ppm[ordinal + 1]) order by ordinal)
               from market_resources where market_id = l.market_id) as shares
       from leases l where l.lease_id = $1`,
    [leaseId],
  )
  await writeEvents(client, batch, [executionStartedEvent(execution)])
  const { woken } = await closeBatch(client, batch, 1)
  const { workspace, shares } = rows[0]
  const begun: Begin = {
    state: 'begun',
    leaseId,
    marketId,
    agent: execution.agent,
    program,
    workspace,
    shares,
    endsAt: new Date(found.endsAtMs).toISOString(),
    endsInMs,
    stopRequested: found.stopRequested,
  }
  return { outcome: { ok: true, begin: begun }, marketId, woken }
}
