import type { MarketOrigin } from '../../economy/economy.ts'
import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { nameSchema } from '../../market/names.ts'
import type { MarketSettings } from '../../market/rules.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/**
 * Creates a market with its resources, system accounts and sequence. An id that is taken is refused. Every event of a
 * market that is made for a benchmark scenario carries `scenarioId`.
 */
export async function createMarket(
  db: Database,
  marketId: string,
  settings: MarketSettings,
  { scenarioId }: MarketOrigin = {},
): Promise<Outcome<{ marketId: string }> & { woken?: boolean }> {
  const name = nameSchema.safeParse(marketId)
  if (!name.success)
    return refuse('invalid_market', `a market's id ${name.error.issues[0]!.message}`, 'marketId')
  const { displayName, resources, rules } = settings
  return await inTransaction(db, async client => {
    const inserted = await client.query(
      `insert into markets (market_id, display_name, status, rules, created_at)
       values ($1, $2, 'open', $3, date_trunc('milliseconds', clock_timestamp())) on conflict do nothing`,
      [marketId, displayName ?? marketId, JSON.stringify(rules)],
    )
    if (inserted.rowCount === 0) {
      return refuse('market_exists', `there is already a market ${JSON.stringify(marketId)}`, 'marketId')
    }
    await client.query(
      `insert into market_resources (market_id, ordinal, name, unit, capacity)
       select $1, place - 1, name, unit, capacity
         from unnest($2::text[], $3::text[], $4::numeric[]) with ordinality as r(name, unit, capacity, place)`,
      [marketId, resources.map(r => r.name), resources.map(r => r.unit), resources.map(r => r.capacity)],
    )
    await client.query(
      `insert into system_accounts (market_id, account) select $1, unnest(array['mint', 'burn', 'escrow'])`,
      [marketId],
    )
    await client.query(
      `insert into market_sequences (market_id, last_at, scenario_id)
       values ($1, date_trunc('milliseconds', clock_timestamp()), $2)`,
      [marketId, scenarioId ?? null],
    )
    await client.query('insert into publications (market_id) values ($1)', [marketId])
    const batch = await startBatch(client, marketId)
    const event = draftEvent('create', 'market_created', { resources, rules }, { correlationId: marketId })
    await writeEvents(client, batch, [event])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, marketId, woken }
  })
}
