import { PPM_OF_CAPACITY } from '../bundle/bundle.ts'
import type { CycleSummary } from '../economy/economy.ts'
import { formatCredits } from '../money/credits.ts'
import type { Database, DatabaseClient } from './pool.ts'

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
  const resources: string[] = row.resources
  const fractions = (ppm: readonly (number | bigint)[]) =>
    Object.fromEntries(resources.map((name, place) => [name, Number(ppm[place]!) / PPM_OF_CAPACITY]))
  return {
    cycle: Number(row.number),
    effectiveAt: row.effective_at.toISOString(),
    winners: row.winners,
    losers: row.losers,
    leftWaiting: row.left_waiting,
    revenue: formatCredits(row.revenue_micro),
    supply: fractions(row.supply_ppm),
    demand: fractions(row.demand_ppm),
    utilisation: fractions(row.utilisation_ppm),
    prices: Object.fromEntries(
      resources.map((name, place) => [name, formatCredits(row.prices_micro[place]!)]),
    ),
    priceSource: row.price_source,
    cutoffScore: row.cutoff_score,
  }
}
