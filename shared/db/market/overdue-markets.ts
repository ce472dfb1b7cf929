import type { Database } from '../pool.ts'

/** A market that did not look this long after it should have is reminded. */
const OVERDUE_SECONDS = 1
/** At most this many markets are reminded at a time; the rest follow at the next sweep. */
const MAX_OVERDUE = 100

/** Markets whose workflow should have looked and did not, most overdue first. */
export async function findOverdueMarkets(db: Database): Promise<string[]> {
  const { rows } = await db.query(
    `select market_id from market_sequences
      where wake_at < clock_timestamp() - make_interval(secs => $1) order by wake_at limit $2`,
    [OVERDUE_SECONDS, MAX_OVERDUE],
  )
  return rows.map(row => row.market_id)
}
