import { v7 as uuidV7 } from 'uuid'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { eventIdOf } from '../../events/event-id.ts'
import type { Divergence } from '../../events/outbox.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'

const EVENTS_PER_UPDATE = 5_000

export interface RestoredHistory {
  epoch: number
  /** The last event that stands as it was published before. */
  lastSeq: number
  /** Events committed since the restore, which nobody has read yet; they are of the new epoch now. */
  eventsMoved: number
}

/**
 * Takes what Postgres has for the history: begins an epoch after the stream's and the table's, moves the events that
 * were never published into it, so that none has the id of an event that is given up, and tells `history_restored`.
 * The publisher then makes the stream anew. Locks the sequence row: the market commits nothing meanwhile.
 */
export async function restoreHistory(
  db: Database,
  marketId: string,
  { commonSeq, streamEpoch }: Divergence,
  actor: string,
): Promise<Outcome<RestoredHistory> & { woken?: boolean }> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      `update market_sequences set epoch = greatest(epoch, $2) + 1 where market_id = $1
       returning old.epoch as old_epoch, new.epoch, last_seq`,
      [marketId, streamEpoch],
    )
    const row = rows[0]
    if (row === undefined) return refuseUnknownMarket(marketId)
    if (Number(row.last_seq) < commonSeq) {
      return refuse('not_diverged', `market ${marketId} has ${row.last_seq} events, fewer than ${commonSeq}`)
    }
    const { epoch } = row
    const eventsMoved = await moveToEpoch(client, marketId, epoch, commonSeq)
    const batch = await startBatch(client, marketId)
    const data = { from_epoch: Math.max(row.old_epoch, streamEpoch), last_seq: commonSeq, actor }
    const restored = draftEvent(uuidV7(), 'history_restored', data, { correlationId: marketId })
    await writeEvents(client, batch, [restored])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, epoch, lastSeq: commonSeq, eventsMoved, woken }
  })
}

/** Gives the batches after event `afterSeq` this epoch, and their events the ids that belong to it. */
async function moveToEpoch(
  client: DatabaseClient,
  marketId: string,
  epoch: number,
  afterSeq: number,
): Promise<number> {
  await client.query(
    `declare moved_events no scroll cursor for
     select o.batch_id, o.ordinal, o.operation,
            (row_number() over (partition by o.batch_id, o.operation order by o.ordinal) - 1)::int as place
       from event_batches b join outbox o using (batch_id)
      where b.market_id = $1 and b.first_seq > $2`,
    [marketId, afterSeq],
  )
  let moved = 0
  for (;;) {
    const { rows } = await client.query(`fetch ${EVENTS_PER_UPDATE} from moved_events`)
    if (rows.length === 0) break
    await client.query(
      `update outbox o set event_id = m.event_id
         from unnest($1::bigint[], $2::int[], $3::uuid[]) as m(batch_id, ordinal, event_id)
        where o.batch_id = m.batch_id and o.ordinal = m.ordinal`,
      [
        rows.map(row => row.batch_id),
        rows.map(row => row.ordinal),
        rows.map(row => eventIdOf(marketId, epoch, row.operation, row.place)),
      ],
    )
    moved += rows.length
  }
  await client.query('close moved_events')
  await client.query('update event_batches set epoch = $2 where market_id = $1 and first_seq > $3', [
    marketId,
    epoch,
    afterSeq,
  ])
  return moved
}
