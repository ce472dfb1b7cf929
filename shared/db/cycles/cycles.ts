import type { CycleSummary } from '../../economy/economy.ts'
import { summariseCycle } from '../../market/cycle-summary.ts'
import type { Database, DatabaseClient } from '../pool.ts'

const SELECT_CYCLES = `
  select c.*, (select array_agg(name order by ordinal) from market_resources r where r.market_id = c.market_id) as resources
    from cycles c where c.market_id = $1 and c.status = 'settled'`

/** One settled cycle, or null. */
export async function readCycle(
  db: Database | DatabaseClient,
  marketId: string,
  number: number,
): Promise<CycleSummary | null> {
  const { rows } = await db.query(`${SELECT_CYCLES} and c.number = $2`, [marketId, number])
  return rows.length === 0 ? null : summaryOf(rows[0])
}

/** The newest `limit` settled cycles below number `before` (null: the newest of all), newest first. */
export async function readCycles(
  db: Database | DatabaseClient,
  marketId: string,
  limit: number,
  before: number | null = null,
): Promise<CycleSummary[]> {
  const { rows } = await db.query(
    `${SELECT_CYCLES} and ($3::bigint is null or c.number < $3) order by c.number desc limit $2`,
    [marketId, limit, before],
  )
  return rows.map(summaryOf)
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function summaryOf(row: any): CycleSummary {
  return summariseCycle({
    number: Number(row.number),
    effectiveAtMs: row.effective_at.getTime(),
    resources: row.resources,
    winners: row.winners,
    losers: row.losers,
    leftWaiting: row.left_waiting,
    revenueMicro: row.revenue_micro,
    supplyPpm: row.supply_ppm,
    demandPpm: row.demand_ppm,
    utilisationPpm: row.utilisation_ppm,
    pricesMicro: row.prices_micro,
    priceSource: row.price_source,
    priceAgeSeconds: row.price_age_seconds === null ? null : Number(row.price_age_seconds),
    cutoffScore: row.cutoff_score,
  })
}
