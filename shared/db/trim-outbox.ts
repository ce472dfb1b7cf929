import type { Database } from './pool.ts'

const BATCHES_PER_DELETE = 500

export interface KeptEvents {
  firstSeq: number
  /** The newest checkpoint; null: none was written. */
  checkpointSeq: number | null
}

/** Which of its events a market keeps; the market must exist. */
export async function readKeptEvents(db: Database, marketId: string): Promise<KeptEvents> {
  const { rows } = await db.query('select first_seq, checkpoint_seq from publications where market_id = $1', [
    marketId,
  ])
  const { first_seq: firstSeq, checkpoint_seq: checkpointSeq } = rows[0]
  return {
    firstSeq: Number(firstSeq),
    checkpointSeq: checkpointSeq === null ? null : Number(checkpointSeq),
  }
}

/** Lets stream and outbox begin with this event, the first part of a checkpoint, from now on. */
export async function beginWith(db: Database, marketId: string, checkpointSeq: number): Promise<void> {
  await db.query('update publications set first_seq = $2 where market_id = $1 and first_seq < $2', [
    marketId,
    checkpointSeq,
  ])
}

/**
 * Deletes events before `firstSeq` from the outbox, a bounded number of batches at a time; their numbers in
 * `event_batches` stay. Returns how many were deleted.
 */
export async function trimOutbox(db: Database, marketId: string, firstSeq: number): Promise<number> {
  let deleted = 0
  let afterSeq = 0
  for (;;) {
    const { rows } = await db.query(
      `with trimmed as (
         select batch_id, first_seq from event_batches
          where market_id = $1 and first_seq > $2 and first_seq + event_count <= $3
          order by first_seq limit ${BATCHES_PER_DELETE}),
       gone as (delete from outbox where batch_id in (select batch_id from trimmed) returning 1)
       select (select max(first_seq) from trimmed) as last_first_seq, (select count(*) from gone) as gone`,
      [marketId, afterSeq, firstSeq],
    )
    if (rows[0].last_first_seq === null) return deleted
    afterSeq = Number(rows[0].last_first_seq)
    deleted += Number(rows[0].gone)
  }
}
