import type { OpenedCycle } from '../../economy/economy.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { chooseCycle, type LastCycle } from '../../market/choose-cycle.ts'
import { choosePriceSource } from '../../pricing/price-source.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { readNewestPrices } from '../prices/newest-prices.ts'
import { inTransaction } from '../transaction.ts'

/**
 * Opens cycle `number` and freezes what it clears with: cut-off, policy, bound and prices; or finds the one meant.
 */
export async function openCycle(
  db: Database,
  marketId: string,
  number: number | null,
  run: string,
  traceparent: string | null,
): Promise<Outcome<OpenedCycle>> {
  return await inTransaction(db, async client => {
    const market = await client.query(
      `select m.status, m.rules, s.last_seq, date_trunc('milliseconds', clock_timestamp()) as now
         from markets m join market_sequences s using (market_id) where m.market_id = $1`,
      [marketId],
    )
    if (market.rows.length === 0) return refuseUnknownMarket(marketId)
    const last = await readLastCycle(client, marketId)
    const { status, rules, last_seq: cutoffSeq, now } = market.rows[0]
    const chosen = chooseCycle({ marketId, status }, last, number, run)
    if (!('choice' in chosen)) return chosen
    if (chosen.choice === 'found') return { ok: true, ...chosen.cycle }
    const prices = await readNewestPrices(client, marketId, now.getTime())
    const source = choosePriceSource(prices.ageSeconds, rules.pricePeriodSeconds)
    const inserted = await client.query(
      `insert into cycles (market_id, number, status, policy, max_bids, cutoff_seq, prices_micro, price_source,
                           price_age_seconds, opened_by_run, opened_at, traceparent)
       values ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
      [
        marketId,
        chosen.number,
        rules.policy,
        rules.maxBidsPerCycle,
        cutoffSeq,
        prices.pricesMicro,
        source,
        prices.ageSeconds,
        run,
        now,
        traceparent,
      ],
    )
    if (inserted.rowCount === 1) return { ok: true, cycle: chosen.number, settled: false }
    // Somebody else opened it a moment ago, and may have settled it and opened more since.
    const newest = await readLastCycle(client, marketId)
    if (newest === null) throw new Error(`market ${marketId}: a cycle could neither be opened nor found`)
    const settled = newest.number > chosen.number || newest.settled
    return { ok: true, cycle: chosen.number, settled }
  })
}

async function readLastCycle(client: DatabaseClient, marketId: string): Promise<LastCycle | null> {
  const { rows } = await client.query(
    'select number, status, opened_by_run from cycles where market_id = $1 order by number desc limit 1',
    [marketId],
  )
  const row = rows[0]
  if (row === undefined) return null
  return { number: Number(row.number), settled: row.status === 'settled', run: row.opened_by_run }
}
