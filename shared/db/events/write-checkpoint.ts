import { v7 as uuidV7 } from 'uuid'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { apply } from '../../events/apply.ts'
import { partsOf } from '../../events/checkpoint.ts'
import { draftEvent } from '../../events/draft.ts'
import { parseEvent } from '../../events/envelope.ts'
import { openEventPages } from '../../events/event-pages.ts'
import { foldFinished } from '../../events/finished.ts'
import type { Outbox } from '../../events/outbox.ts'
import { type EconomyState, emptyState } from '../../events/state.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'

/** So far behind the market's last event the rest is applied under the lock of its sequence row. */
const EVENTS_UNDER_LOCK_MAX = 500
const CATCH_UPS_MAX = 100
/** So often what is finished is folded, so that memory does not grow with the events. */
const EVENTS_PER_FOLDING = 20_000

export interface WrittenCheckpoint {
  /** The seq of its first part. */
  checkpointSeq: number
  parts: number
}

/**
 * Rebuilds a market from its outbox and writes the state as `state_checkpoint` events. Nearly all of it is done
 * without a lock; then the sequence row is locked, so that no event comes between the state and its checkpoint.
 */
export async function writeCheckpoint(
  db: Database,
  outbox: Outbox,
  marketId: string,
  onProgress: (seq: number, lastSeq: number) => void = () => {},
): Promise<Outcome<WrittenCheckpoint> & { woken?: boolean }> {
  const known = await db.query('select first_seq from publications where market_id = $1', [marketId])
  if (known.rows.length === 0) return refuseUnknownMarket(marketId)
  const state = emptyState()
  const firstSeq = Number(known.rows[0].first_seq)
  for (let catchUp = 1; catchUp <= CATCH_UPS_MAX; catchUp++) {
    const lastSeq = await outbox.readLastSeq(marketId)
    if (lastSeq - state.seq <= EVENTS_UNDER_LOCK_MAX) break
    await applyUpTo(state, outbox, marketId, firstSeq, lastSeq, onProgress)
  }
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      'select last_seq from market_sequences where market_id = $1 for update',
      [marketId],
    )
    const lastSeq = Number(rows[0].last_seq)
    await applyUpTo(state, outbox, marketId, firstSeq, lastSeq, onProgress)
    const parts = partsOf(state)
    const batch = await startBatch(client, marketId)
    const operation = uuidV7()
    const drafts = parts.map(part =>
      draftEvent(operation, 'state_checkpoint', part, { correlationId: operation }),
    )
    await writeEvents(client, batch, drafts)
    const { woken } = await closeBatch(client, batch, drafts.length)
    await client.query('update publications set checkpoint_seq = $2 where market_id = $1', [
      marketId,
      lastSeq + 1,
    ])
    return { ok: true, checkpointSeq: lastSeq + 1, parts: drafts.length, woken }
  })
}

async function applyUpTo(
  state: EconomyState,
  outbox: Outbox,
  marketId: string,
  firstSeq: number,
  lastSeq: number,
  onProgress: (seq: number, lastSeq: number) => void,
): Promise<void> {
  const pages = openEventPages(outbox, marketId)
  for (let seq = Math.max(state.seq + 1, firstSeq); seq <= lastSeq; seq++) {
    const event = pages.held(seq) ?? (await pages.at(seq))
    if (event === null) throw new Error(`outbox of market ${marketId} lacks event ${seq} of ${lastSeq}`)
    const parsed = parseEvent(event.text)
    if (!parsed.ok) throw new Error(`event ${seq} of market ${marketId} cannot be read: ${parsed.problem}`)
    apply(state, parsed.event)
    if (seq % EVENTS_PER_FOLDING !== 0) continue
    foldFinished(state)
    onProgress(seq, lastSeq)
  }
}
