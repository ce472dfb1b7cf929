import { validate as isUuid } from 'uuid'
import type { Outcome } from '../../economy/refusal.ts'
import type { ExecutionStatus } from '../../execution/executions.ts'
import type { Database } from '../pool.ts'
import { refuseUnknownExecution } from './lock-execution.ts'

export interface ListedExecution {
  leaseId: string
  agent: string
  status: ExecutionStatus
  startedAt: string | null
  endedAt: string | null
  leaseEndsAt: string
  exitCode: number | null
  reason: string | null
  refunded: boolean
}

/** An execution with what it wrote: the last bytes of each stream, and how many there were. */
export interface ShownExecution extends ListedExecution {
  worker: string | null
  cpuSeconds: number | null
  problem: string | null
  stopRequestedBy: string | null
  stdout: { text: string; total: number }
  stderr: { text: string; total: number }
}

const COLUMNS = `e.lease_id, a.name as agent, e.status, e.started_at, e.ended_at, l.ends_at, e.exit_code, e.reason,
  e.refunded or l.refunded as refunded`

/** Executions of a market, or of one of its agents: those that did not start yet, then the newest first. */
export async function listExecutions(
  db: Database,
  marketId: string,
  limit: number,
  agent?: string,
): Promise<ListedExecution[]> {
  const { rows } = await db.query(
    `select ${COLUMNS} from executions e join agents a using (agent_id) join leases l using (lease_id)
      where e.market_id = $1 and ($3::text is null or a.name = $3)
      order by e.started_at desc nulls first, e.lease_id limit $2`,
    [marketId, limit, agent ?? null],
  )
  return rows.map(listed)
}

/** One execution of a market, by its lease's id. */
export async function showExecution(
  db: Database,
  marketId: string,
  leaseId: string,
): Promise<Outcome<{ execution: ShownExecution }>> {
  if (!isUuid(leaseId)) return refuseUnknownExecution(leaseId)
  const { rows } = await db.query(
    `select ${COLUMNS}, e.worker, e.cpu_seconds, e.problem, e.stop_requested_by,
            e.stdout, e.stdout_total, e.stderr, e.stderr_total
       from executions e join agents a using (agent_id) join leases l using (lease_id)
      where e.market_id = $1 and e.lease_id = $2`,
    [marketId, leaseId],
  )
  const row = rows[0]
  if (row === undefined) return refuseUnknownExecution(leaseId)
  const stream = (bytes: Buffer | null, total: bigint | null) => ({
    text: bytes?.toString('utf8') ?? '',
    total: Number(total ?? 0),
  })
  const execution: ShownExecution = {
    ...listed(row),
    worker: row.worker,
    cpuSeconds: row.cpu_seconds === null ? null : Number(row.cpu_seconds),
    problem: row.problem,
    stopRequestedBy: row.stop_requested_by,
    stdout: stream(row.stdout, row.stdout_total),
    stderr: stream(row.stderr, row.stderr_total),
  }
  return { ok: true, execution }
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function listed(row: any): ListedExecution {
  return {
    leaseId: row.lease_id,
    agent: row.agent,
    status: row.status,
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    leaseEndsAt: row.ends_at.toISOString(),
    exitCode: row.exit_code,
    reason: row.reason,
    refunded: row.refunded,
  }
}
