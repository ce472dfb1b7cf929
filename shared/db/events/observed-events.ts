import type { EventDraft } from '../../events/draft.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'

/** Whether a market asks for its agents' calls to be told; an unknown market does not. */
export async function isObserved(db: Database, marketId: string): Promise<boolean> {
  const { rows } = await db.query(
    `select rules ->> 'observeCalls' = 'true' as observed from markets where market_id = $1`,
    [marketId],
  )
  return rows[0]?.observed === true
}

/**
 * Writes events that tell what was seen and change nothing, in one transaction; those of agents the market does not know
 * are left out. Locks the sequence row. The market must exist. Returns whether it was asleep.
 */
export async function writeObserved(
  db: Database,
  marketId: string,
  events: readonly EventDraft[],
): Promise<{ woken: boolean }> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query('select name from agents where market_id = $1 and name = any($2)', [
      marketId,
      [...new Set(events.map(event => event.agent))],
    ])
    const known = new Set(rows.map(row => row.name))
    const told = events.filter(event => event.agent !== null && known.has(event.agent))
    if (told.length === 0) return { woken: false }
    const batch = await startBatch(client, marketId)
    await writeEvents(client, batch, told)
    return await closeBatch(client, batch, told.length)
  })
}
