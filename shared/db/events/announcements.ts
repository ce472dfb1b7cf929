import type { Database } from '../pool.ts'

/** How far a market's events were announced; `eventId` and `epoch` are null before the first. */
export interface AnnouncedUpTo {
  seq: number
  eventId: string | null
  epoch: number | null
}

/** A holder that records nothing for so long has lost its markets to whoever asks. */
export const HOLD_SECONDS = 10

/** Takes markets with events that nobody announces, at most `limit`, for `holder`. */
export async function takeAnnouncements(
  db: Database,
  holder: string,
  limit: number,
): Promise<(AnnouncedUpTo & { marketId: string })[]> {
  const { rows } = await db.query(
    `with due as (
       select p.market_id from publications p left join announcements a using (market_id)
        where coalesce(a.seq, 0) < p.published_seq and (a.held_until is null or a.held_until < clock_timestamp())
        limit $2)
     insert into announcements as a (market_id, holder, held_until)
     select market_id, $1, clock_timestamp() + make_interval(secs => $3) from due order by market_id
     on conflict (market_id) do update set holder = excluded.holder, held_until = excluded.held_until
      where a.held_until is null or a.held_until < clock_timestamp()
     returning market_id, seq, event_id, epoch`,
    [holder, limit, HOLD_SECONDS],
  )
  return rows.map(row => ({
    marketId: row.market_id,
    seq: Number(row.seq),
    eventId: row.event_id,
    epoch: row.epoch,
  }))
}

/** Records progress and stays the holder; false when another is, and nothing was recorded. */
export async function recordAnnounced(
  db: Database,
  holder: string,
  marketId: string,
  { seq, eventId, epoch }: AnnouncedUpTo,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update announcements set seq = $3, event_id = $4, epoch = $5,
            held_until = clock_timestamp() + make_interval(secs => $6)
      where market_id = $2 and holder = $1`,
    [holder, marketId, seq, eventId, epoch, HOLD_SECONDS],
  )
  return rowCount === 1
}

/** Lets go of a market, for others to take when there is something to announce. */
export async function releaseAnnouncements(db: Database, holder: string, marketId: string): Promise<void> {
  await db.query(
    'update announcements set holder = null, held_until = null where market_id = $2 and holder = $1',
    [holder, marketId],
  )
}
