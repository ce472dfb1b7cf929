import type { CycleSummary } from '../shared/economy/economy.ts'
import { MAX_COUNTED } from '../shared/market/glances.ts'
import type { PriceSource } from '../shared/pricing/price-source.ts'

/** What became of a cycle's bids, on one line. */
export function describeCycle({ winners, losers, leftWaiting, revenue }: CycleSummary): string {
  return `${winners} won, ${losers} outbid, ${leftWaiting} left waiting, ${revenue} credits paid.`
}

/** The page shows few lines at once, so paragraphs would hide what comes last. */
export const LINE_BREAK = '  \n'

/** A cycle that is over, for its page in the Temporal UI. */
export function describeSettledCycle(marketId: string, outcome: CycleSummary): string {
  const prices = Object.entries(outcome.prices).map(([resource, price]) => `${resource} ${price}`)
  const lines = [
    `**Cycle ${outcome.cycle} of market ${marketId}** was settled at ${outcome.effectiveAt}.`,
    `**Bids:** ${describeCycle(outcome)}`,
    `**Leased:** ${describeShares(outcome.utilisation)}.`,
    `**Posted prices**, credits per 100 % and second, ${describeSource(outcome)}: ${prices.join(', ')}.`,
  ]
  if (outcome.cutoffScore !== null) {
    // By highest bid a score is an amount in millionths of a credit.
    lines.push(`**Lowest winning score:** ${outcome.cutoffScore}.`)
  }
  return lines.join(LINE_BREAK)
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
