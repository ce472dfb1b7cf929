import type { Database } from './pool.ts'

/** The time by the economy's one clock, Postgres's. */
export async function readClock(db: Database): Promise<Date> {
  const { rows } = await db.query("select date_trunc('milliseconds', clock_timestamp()) as now")
  return rows[0].now
}
