import type { KeptEvents } from '../../events/event-limit.ts'
import type { Database } from '../pool.ts'

/** One statement deletes the events of at most so many batches, and of no more once it has so many events. */
const BATCHES_PER_DELETE = 500
const EVENTS_PER_DELETE = 50_000

/** Which of its events a market keeps; the market must exist. */
export async function readKeptEvents(db: Database, marketId: string): Promise<KeptEvents> {
  const { rows } = await db.query(
    `select p.first_seq, p.trimmed_seq, p.checkpoint_seq, p.published_seq, s.last_seq
       from publications p join market_sequences s using (market_id) where market_id = $1`,
    [marketId],
  )
  return keptEventsOf(rows[0])
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
export function keptEventsOf(row: any): KeptEvents {
  return {
    firstSeq: Number(row.first_seq),
    trimmedSeq: Number(row.trimmed_seq),
    checkpointSeq: row.checkpoint_seq === null ? null : Number(row.checkpoint_seq),
    publishedSeq: Number(row.published_seq),
    lastSeq: Number(row.last_seq),
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
 * Deletes events before `firstSeq` from the outbox, a bounded number at a time; their numbers in `event_batches` stay.
 * Call it when the stream has none of them any more. Returns how many were deleted.
 */
export async function trimOutbox(db: Database, marketId: string, firstSeq: number): Promise<number> {
  let deleted = 0
  let afterSeq = (await readKeptEvents(db, marketId)).trimmedSeq - 1
  for (;;) {
    const { rows } = await db.query(
      `with oldest as (
         select batch_id, first_seq, event_count from event_batches
          where market_id = $1 and first_seq > $2 and first_seq + event_count <= $3
          order by first_seq limit ${BATCHES_PER_DELETE}),
       trimmed as (
         select * from (
           select batch_id, first_seq, sum(event_count) over (order by first_seq) - event_count as before from oldest) o
          where before < ${EVENTS_PER_DELETE}),
       gone as (delete from outbox where batch_id in (select batch_id from trimmed) returning 1)
       select (select max(first_seq) from trimmed) as last_first_seq, (select count(*) from gone) as gone`,
      [marketId, afterSeq, firstSeq],
    )
    if (rows[0].last_first_seq === null) break
    afterSeq = Number(rows[0].last_first_seq)
    deleted += Number(rows[0].gone)
  }
  await db.query('update publications set trimmed_seq = $2 where market_id = $1 and trimmed_seq < $2', [
    marketId,
    firstSeq,
  ])
  return deleted
}
