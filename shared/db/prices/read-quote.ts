import { reserveMicro } from '../../bid/admission.ts'
import { formatBundle, PPM_OF_CAPACITY, readBundle } from '../../bundle/bundle.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import { formatCredits } from '../../money/credits.ts'
import { postedCostMicro } from '../../pricing/posted-cost.ts'
import { choosePriceSource } from '../../pricing/price-source.ts'
import type { Database } from '../pool.ts'
import { readNewestPrices } from './newest-prices.ts'

/** What a bundle costs now, and whether it would fit. */
export interface Quote {
  bundle: Record<string, number>
  postedCost: string
  /** The lowest amount that admission takes for it. */
  reserve: string
  fitsNow: boolean
  /** Fractions of capacity that no lease holds. */
  free: Record<string, number>
  policy: 'highest-bid' | 'posted-price'
  cycleSeconds: number
  priceSource: 'live' | 'last_known' | 'floor'
  priceAgeSeconds: number | null
}

/** Reads a quote for a bundle; locks nothing and promises nothing. */
export async function readQuote(db: Database, marketId: string, bundle: unknown): Promise<Outcome<Quote>> {
  const { rows } = await db.query(
    `select m.rules, clock_timestamp() as now, r.resources, r.leased_ppm
       from markets m
       cross join lateral (
         select array_agg(name order by ordinal) as resources, array_agg(leased_ppm order by ordinal) as leased_ppm
           from market_resources where market_id = $1) r
      where m.market_id = $1`,
    [marketId],
  )
  const market = rows[0]
  if (market === undefined) return refuseUnknownMarket(marketId)
  const resources: string[] = market.resources
  const read = readBundle(bundle, resources)
  if (!read.ok) return refuse('invalid_bundle', read.problem, `bundle.${read.field}`)

  const { quantitiesPpm, durationSeconds } = read
  const newest = await readNewestPrices(db, marketId, market.now.getTime())
  const pricesMicro = newest.pricesMicro.map(Number)
  const freePpm = (market.leased_ppm as number[]).map(leased => PPM_OF_CAPACITY - leased)
  const { rules } = market
  return {
    ok: true,
    bundle: formatBundle(quantitiesPpm, durationSeconds, resources),
    postedCost: formatCredits(postedCostMicro(pricesMicro, quantitiesPpm, durationSeconds)),
    reserve: formatCredits(reserveMicro({ rules, pricesMicro }, quantitiesPpm, durationSeconds)),
    fitsNow: quantitiesPpm.every((ppm, place) => ppm <= freePpm[place]!),
    free: Object.fromEntries(resources.map((name, place) => [name, freePpm[place]! / PPM_OF_CAPACITY])),
    policy: rules.policy,
    cycleSeconds: rules.cycleSeconds,
    priceSource: choosePriceSource(newest.ageSeconds, rules.pricePeriodSeconds),
    priceAgeSeconds: newest.ageSeconds,
  }
}
