import type { CycleSummary } from '../shared/economy/economy.ts'
import { MAX_COUNTED } from '../shared/market/glances.ts'
import type { PriceSource } from '../shared/pricing/price-source.ts'

/** A settled cycle's numbers on one line. */
export function describeCycle(outcome: CycleSummary): string {
  const { winners, losers, leftWaiting, revenue, cutoffScore, utilisation } = outcome
  const cutoff = cutoffScore === null ? '' : `, the lowest winning score ${cutoffScore}`
  return (
    `${winners} won, ${losers} were outbid, ${leftWaiting} wait on, ${revenue} credits paid${cutoff}. ` +
    `Leased: ${describeShares(utilisation)}. Prices ${describeSource(outcome)}.`
  )
}

/** A cycle that is over, for its page in the Temporal UI. */
export function describeSettledCycle(marketId: string, outcome: CycleSummary): string {
  const prices = Object.entries(outcome.prices).map(([resource, price]) => `${resource} ${price}`)
  return [
    `**Cycle ${outcome.cycle} of market ${marketId}** was settled at ${outcome.effectiveAt}.`,
    describeCycle(outcome),
    `Posted prices, credits per 100 % and second: ${prices.join(', ')}.`,
  ].join('\n\n')
}

/** Fractions of capacity as percentages, by resource. */
export function describeShares(fractions: Record<string, number>): string {
  return Object.entries(fractions)
    .map(([resource, fraction]) => `${resource} ${Math.round(fraction * 1000) / 10} %`)
    .join(', ')
}

/** Where prices come from, and how old they are. */
export function describeSource({
  priceSource,
  priceAgeSeconds,
}: {
  priceSource: PriceSource
  priceAgeSeconds: number | null
}): string {
  const age = priceAgeSeconds === null ? '' : `, ${Math.round(priceAgeSeconds)} s old`
  const sources = {
    live: `live${age}`,
    last_known: `last known${age}: price updates are late, see \`bourse prices\``,
    floor: 'at the floor, since none was recorded yet',
  }
  return sources[priceSource]
}

/** A count of a glance, which stops counting somewhere. */
export function describeCount(count: number): string {
  return count > MAX_COUNTED ? `more than ${MAX_COUNTED}` : String(count)
}
