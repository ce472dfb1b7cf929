import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/** Allowances of one market that are paid together. */
export interface AllowancePeriod {
  marketId: string
  periodSeconds: number
}

/** Periods of open markets with allowances that nothing is known to pay, at most `limit`. */
export async function findUnscheduledPeriods(db: Database, limit: number): Promise<AllowancePeriod[]> {
  const { rows } = await db.query(
    `select distinct l.market_id, l.period_seconds from allowances l join markets m using (market_id)
      where not l.scheduled and m.status in ('open', 'paused') limit $1`,
    [limit],
  )
  return rows.map(row => ({ marketId: row.market_id, periodSeconds: row.period_seconds }))
}

/** Makes a period's schedule by `create`, while nobody removes it, and notes that. */
export async function schedulePeriod(
  db: Database,
  period: AllowancePeriod,
  create: () => Promise<void>,
): Promise<void> {
  await inTransaction(db, async client => {
    await lockPeriod(client, period)
    await create()
    await client.query(
      'update allowances set scheduled = true where market_id = $1 and period_seconds = $2 and not scheduled',
      [period.marketId, period.periodSeconds],
    )
  })
}

/** Removes by `remove` the schedule of a period that pays nobody any more, while nobody makes it. */
export async function unscheduleWhenUnused(
  db: Database,
  period: AllowancePeriod,
  remove: () => Promise<void>,
): Promise<void> {
  await inTransaction(db, async client => {
    await lockPeriod(client, period)
    const { rows } = await client.query(
      `select from allowances l join markets m using (market_id)
        where l.market_id = $1 and l.period_seconds = $2 and m.status in ('open', 'paused') limit 1`,
      [period.marketId, period.periodSeconds],
    )
    if (rows.length === 0) await remove()
  })
}

/** Held to the end of the transaction; whoever makes or removes a schedule holds it. */
async function lockPeriod(client: DatabaseClient, { marketId, periodSeconds }: AllowancePeriod) {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `allowance/${marketId}/${periodSeconds}`,
  ])
}
