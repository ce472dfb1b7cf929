import type { Database } from '../pool.ts'

/** A market whose events one process turns into spans for a while. */
export interface SpanClaim {
  marketId: string
  /** The last event that was told. */
  toldSeq: number
  /** The last event that is known to be in the stream. */
  publishedSeq: number
}

/** A claim whose process died is taken over after this long. */
const CLAIM_SECONDS = 30

/**
 * Claims the market that waits longest of those with published events nobody told as spans; null when there is none.
 * Events from before the last `backlogSeconds` are passed over: traces are for what happens now. So are those that are
 * not kept any more.
 */
export async function claimSpans(db: Database, backlogSeconds: number): Promise<SpanClaim | null> {
  const { rows } = await db.query(
    `with due as (
       select p.market_id, p.published_seq, greatest(e.told_seq, p.first_seq - 1) as told_seq
         from publications p left join span_emissions e using (market_id)
        where p.published_seq > greatest(e.told_seq, p.first_seq - 1)
          and coalesce(e.claimed_until, '-infinity') <= clock_timestamp()
        order by e.claimed_until nulls first limit 1),
     recent as (
       select due.*, case when old.seq is null then due.told_seq
                          else greatest(due.told_seq, least(old.seq, due.published_seq)) end as start_seq
         from due left join lateral (
           select b.first_seq + b.event_count - 1 as seq from event_batches b
            where b.market_id = due.market_id and b.at < clock_timestamp() - make_interval(secs => $2)
            order by b.first_seq desc limit 1) old on due.told_seq = 0 or exists (
              select from event_batches n
               where n.market_id = due.market_id and n.first_seq <= due.told_seq + 1
                 and n.first_seq + n.event_count > due.told_seq + 1
                 and n.at < clock_timestamp() - make_interval(secs => $2)))
     insert into span_emissions as e (market_id, told_seq, claimed_until)
     select market_id, start_seq, clock_timestamp() + make_interval(secs => $1) from recent
     on conflict (market_id) do update
        set told_seq = greatest(e.told_seq, excluded.told_seq), claimed_until = excluded.claimed_until
      where e.claimed_until <= clock_timestamp()
     returning market_id, told_seq,
               (select published_seq from publications p where p.market_id = e.market_id) as published_seq`,
    [CLAIM_SECONDS, backlogSeconds],
  )
  const row = rows[0]
  return row === undefined
    ? null
    : {
        marketId: row.market_id,
        toldSeq: Number(row.told_seq),
        publishedSeq: Number(row.published_seq),
      }
}

/** Records how far a claimed market was told, and gives the claim back. */
export async function releaseSpans(db: Database, { marketId }: SpanClaim, toldSeq: number): Promise<void> {
  await db.query(
    `update span_emissions set told_seq = greatest(told_seq, $2), claimed_until = clock_timestamp()
      where market_id = $1`,
    [marketId, toldSeq],
  )
}
