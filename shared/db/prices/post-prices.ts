import { draftEvent } from '../../events/draft.ts'
import { formatCredits } from '../../money/credits.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import type { Database } from '../pool.ts'
import { tellOnce } from '../tell-once.ts'

/**
 * Posts prices by hand, once under `key`: a tick of its own whose prices are those given, and for resources that are not
 * named those posted before. Bounds are those of every price.
 */
export async function postPrices(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  posted: { marketId: string; key: string; pricesMicro: Record<string, number> },
): Promise<void> {
  const { marketId, key, pricesMicro } = posted
  await tellOnce(db, hint, { marketId, key }, async (client, operation, nowMs) => {
    const { rows } = await client.query(
      `select r.ordinal, r.name, coalesce(p.price_micro, $2) as price_micro, coalesce(p.tick, 0) as tick,
              coalesce(p.exponent_millionths, 0) as exponent, m.paused_ms
         from market_resources r join markets m using (market_id)
         left join lateral (select * from prices p where p.market_id = r.market_id and p.ordinal = r.ordinal
                             order by tick desc limit 1) p on true
        where r.market_id = $1 order by r.ordinal`,
      [marketId, FLOOR_PRICE_MICRO],
    )
    const tick = Math.max(...rows.map(row => Number(row.tick))) + 1
    const at = new Date(nowMs)
    const moved = rows.map(row => ({
      ordinal: row.ordinal as number,
      resource: row.name as string,
      oldMicro: Number(row.price_micro),
      newMicro: pricesMicro[row.name] ?? Number(row.price_micro),
      exponent: Number(row.exponent),
      pausedMs: Number(row.paused_ms),
    }))
    await client.query(
      `insert into prices (market_id, tick, ordinal, price_micro, exponent_millionths, demand_ppm, reason, elapsed_ms,
                           ticked_at, recorded_at, paused_ms)
       select $1, $2, ordinal, price, exponent, 0, 'unchanged', 0, $3, $3, paused
         from unnest($4::integer[], $5::bigint[], $6::bigint[], $7::bigint[]) as p(ordinal, price, exponent, paused)`,
      [
        marketId,
        tick,
        at,
        moved.map(one => one.ordinal),
        moved.map(one => one.newMicro),
        moved.map(one => one.exponent),
        moved.map(one => one.pausedMs),
      ],
    )
    return moved.map(({ resource, oldMicro, newMicro, exponent }) =>
      draftEvent(
        operation,
        'price_update',
        {
          resource,
          old_price: formatCredits(BigInt(oldMicro)),
          new_price: formatCredits(BigInt(newMicro)),
          reason: 'unchanged',
          tick,
          ticked_at: at.toISOString(),
          e: exponent,
          demand: 0,
          elapsed_ms: 0,
        },
        { correlationId: operation },
      ),
    )
  })
}
