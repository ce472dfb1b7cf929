export type PriceSource = 'live' | 'last_known' | 'floor'

/** Prices older than this many periods no longer count as live. */
export const STALE_AFTER_PERIODS = 3

/** Where a cycle's prices come from, by the age of the newest recorded ones (null: none was ever recorded). */
export function choosePriceSource(ageSeconds: number | null, periodSeconds: number): PriceSource {
  if (ageSeconds === null) return 'floor'
  return ageSeconds > STALE_AFTER_PERIODS * periodSeconds ? 'last_known' : 'live'
}
