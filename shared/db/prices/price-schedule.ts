import type { PriceScheduleFacts } from '../../economy/economy.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import type { Database } from '../pool.ts'

/** What a market's price schedule should be. */
export async function findPriceSchedule(
  db: Database,
  marketId: string,
): Promise<Outcome<PriceScheduleFacts>> {
  const { rows } = await db.query(
    `select status, (rules ->> 'pricePeriodSeconds')::int as period_seconds, scheduled_period_seconds
       from markets where market_id = $1`,
    [marketId],
  )
  const row = rows[0]
  if (row === undefined) return refuseUnknownMarket(marketId)
  return {
    ok: true,
    status: row.status,
    periodSeconds: row.period_seconds,
    agreedSeconds: row.scheduled_period_seconds,
  }
}

/** Remembers the period on which a market's rule and its price schedule agree. */
export async function agreePricePeriod(db: Database, marketId: string, seconds: number): Promise<void> {
  await db.query('update markets set scheduled_period_seconds = $2 where market_id = $1', [marketId, seconds])
}
