import type { RefusedCalls } from '../../llm/refusal-counts.ts'
import type { Database } from '../pool.ts'

/** Writes refused calls down: one row for each lease, reason and model in a second of Postgres's clock. */
export async function recordRefusals(db: Database, refused: readonly RefusedCalls[]): Promise<void> {
  if (refused.length === 0) return
  await db.query(
    `insert into llm_refusals as known (second, lease_id, code, model, calls)
     select date_trunc('second', clock_timestamp()), lease_id, code, model, calls
       from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) as told (lease_id, code, model, calls)
       join leases using (lease_id)
      order by lease_id, code, model
     on conflict (second, lease_id, code, model) do update set calls = known.calls + excluded.calls`,
    [
      refused.map(({ leaseId }) => leaseId),
      refused.map(({ code }) => code),
      refused.map(({ model }) => model ?? ''),
      refused.map(({ calls }) => calls),
    ],
  )
}
