import type { Database } from '../../../shared/db/pool.ts'

/** Takes the market's rows back to what they were after event `lastSeq`, as a restored backup does. */
export async function restoreBackup(db: Database, marketId: string, lastSeq: number): Promise<void> {
  const later = 'from event_batches where market_id = $1 and first_seq > $2'
  await db.query(`delete from outbox where batch_id in (select batch_id ${later})`, [marketId, lastSeq])
  await db.query(`delete ${later}`, [marketId, lastSeq])
  await db.query('update market_sequences set last_seq = $2, epoch = 1 where market_id = $1', [
    marketId,
    lastSeq,
  ])
  await db.query('update publications set published_seq = least(published_seq, $2) where market_id = $1', [
    marketId,
    lastSeq,
  ])
}
