import { validate as isUuid } from 'uuid'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import type { DueExecution, ExecutionStatus, Executions } from '../../execution/executions.ts'
import { traceparentOfLease } from '../../trace/traces.ts'
import { refundMissed } from '../leases/refund-leases.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { beginExecution } from './begin-execution.ts'
import { endExecution } from './end-execution.ts'
import { refuseUnknownExecution } from './lock-execution.ts'

/** Executions on Postgres. `hint` is called after a commit that woke a sleeping market. */
export function createPostgresExecutions(
  db: Database,
  hint: (marketId: string) => Promise<void>,
): Executions {
  async function hinted<T extends { marketId: string; woken: boolean }>(change: Promise<T>): Promise<T> {
    const changed = await change
    if (changed.woken) await hint(changed.marketId)
    return changed
  }
  return {
    find: leaseId => find(db, leaseId),
    findDue: (marketId, limit) => findDue(db, marketId, limit),
    markRequested: (marketId, leaseIds) => markRequested(db, marketId, leaseIds),
    async begin(leaseId, worker) {
      if (!isUuid(leaseId)) return refuseUnknownExecution(leaseId)
      const { outcome } = await hinted(inTransaction(db, client => beginExecution(client, leaseId, worker)))
      return outcome
    },
    end: async (leaseId, run) =>
      (await hinted(inTransaction(db, client => endExecution(client, leaseId, run)))).outcome,
    refundMissed: async marketId =>
      (await hinted(inTransaction(db, client => refundMissed(client, marketId)))).refunded,
    requestStop: (marketId, leaseId, actor) => requestStop(db, marketId, leaseId, actor),
  }
}

async function find(db: Database, leaseId: string) {
  if (!isUuid(leaseId)) return refuseUnknownExecution(leaseId)
  const { rows } = await db.query(
    `select e.market_id, a.name, extract(epoch from l.ends_at - clock_timestamp()) * 1000 as ends_in_ms
       from executions e join agents a using (agent_id) join leases l using (lease_id) where e.lease_id = $1`,
    [leaseId],
  )
  const row = rows[0]
  if (row === undefined) return refuseUnknownExecution(leaseId)
  const endsInMs = Math.ceil(Number(row.ends_in_ms))
  return { ok: true as const, marketId: row.market_id as string, agent: row.name as string, endsInMs }
}

async function findDue(db: Database, marketId: string, limit: number): Promise<DueExecution[]> {
  const { rows } = await db.query(
    `select e.lease_id, a.name, b.bid_id, b.traceparent
       from executions e join agents a using (agent_id) join leases l using (lease_id) join bids b using (bid_id)
      where e.market_id = $1 and e.status = 'due' order by e.lease_id limit $2`,
    [marketId, limit],
  )
  return rows.map(row => ({
    leaseId: row.lease_id,
    agent: row.name,
    traceparent: traceparentOfLease(row.bid_id, row.traceparent),
  }))
}

async function markRequested(db: Database, marketId: string, leaseIds: readonly string[]): Promise<void> {
  await db.query(
    `update executions set status = 'requested'
      where market_id = $1 and lease_id = any($2) and status = 'due'`,
    [marketId, leaseIds],
  )
}

async function requestStop(
  db: Database,
  marketId: string,
  leaseId: string,
  actor: string,
): Promise<Outcome<{ leaseId: string; status: ExecutionStatus }>> {
  const market = await db.query('select from markets where market_id = $1', [marketId])
  if (market.rowCount === 0) return refuseUnknownMarket(marketId)
  if (!isUuid(leaseId)) return refuseUnknownExecution(leaseId)
  const { rows } = await db.query(
    `update executions set stop_requested_by = case when status in ('terminated', 'missed') then stop_requested_by
                                                    else coalesce(stop_requested_by, $3) end
      where market_id = $1 and lease_id = $2 returning status`,
    [marketId, leaseId, actor],
  )
  if (rows.length === 0) return refuseUnknownExecution(leaseId)
  const { status } = rows[0]
  if (status === 'terminated' || status === 'missed') {
    return refuse('execution_over', `execution ${leaseId} is over`, 'leaseId')
  }
  return { ok: true, leaseId, status }
}
