import type { Database } from './pool.ts'

/** One transaction removes at most this many: it is over in a moment, and waits for nobody. */
export const MAX_PRUNED_AT_ONCE = 5_000

/**
 * Forgets first outcomes older than `days`, at most a batch of them, and tells how many: a repetition of so old a
 * request is a new one. Nothing refers to these rows. Locks only the rows it removes, and passes over locked ones.
 */
export async function pruneOperations(db: Database, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from operations where operation_id = any(array(
       select operation_id from operations where created_at < clock_timestamp() - make_interval(days => $1)
        limit $2 for update skip locked))`,
    [days, MAX_PRUNED_AT_ONCE],
  )
  return rowCount ?? 0
}
