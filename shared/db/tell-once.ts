import { v7 as uuidV7 } from 'uuid'
import type { EventDraft } from '../events/draft.ts'
import { closeBatch, startBatch, writeEvents } from './events/event-batch.ts'
import { findOutcomes, isKeyTaken, storeOutcomes } from './operations.ts'
import type { Database, DatabaseClient } from './pool.ts'
import { inTransaction } from './transaction.ts'

/** Whether something was told under this key. */
export async function wasTold(db: Database, marketId: string, key: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from operations where market_id = $1 and agent_id is null and key = $2',
    [marketId, key],
  )
  return (rowCount ?? 0) > 0
}

/**
 * Writes events that no agent is the cause of, with what they change, once under `key`; again it does nothing. Locks what
 * `change` locks, then the sequence row. The market must exist. `hint` is called after a commit that woke it.
 */
export async function tellOnce(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  { marketId, key }: { marketId: string; key: string },
  change: (client: DatabaseClient, operationId: string, nowMs: number) => Promise<readonly EventDraft[]>,
): Promise<void> {
  try {
    const woken = await inTransaction(db, async client => {
      const keyed = { agentId: null, key, content: { key } }
      const [first] = await findOutcomes(client, marketId, [keyed])
      if (first !== undefined) return false
      const batch = await startBatch(client, marketId)
      const operationId = uuidV7()
      const events = await change(client, operationId, batch.nowMs)
      const outcome = { ok: true }
      await storeOutcomes(client, marketId, batch.nowMs, [{ ...keyed, operationId, outcome }])
      if (events.length === 0) return false
      await writeEvents(client, batch, events)
      return (await closeBatch(client, batch, events.length)).woken
    })
    if (woken) await hint(marketId)
  } catch (error) {
    // Another process told it meanwhile.
    if (!isKeyTaken(error)) throw error
  }
}
