import { PPM_OF_CAPACITY } from '../bundle/bundle.ts'
import type { CycleSummary } from '../economy/economy.ts'
import { formatCredits } from '../money/credits.ts'
import type { PriceSource } from '../pricing/price-source.ts'

/** A settled cycle as it is stored; lists are in the order of the market's resources. */
export interface SettledCycle {
  number: number
  effectiveAtMs: number
  resources: readonly string[]
  winners: number
  losers: number
  leftWaiting: number
  revenueMicro: bigint
  supplyPpm: readonly (number | bigint)[]
  demandPpm: readonly (number | bigint)[]
  utilisationPpm: readonly (number | bigint)[]
  pricesMicro: readonly (number | bigint)[]
  priceSource: PriceSource
  priceAgeSeconds: number | null
  cutoffScore: string | null
}

/** A settled cycle as people and programs see it. */
export function summariseCycle(cycle: SettledCycle): CycleSummary {
  const perResource = <T>(values: readonly (number | bigint)[], show: (value: number | bigint) => T) =>
    Object.fromEntries(cycle.resources.map((name, place) => [name, show(values[place]!)]))
  const fraction = (ppm: number | bigint) => Number(ppm) / PPM_OF_CAPACITY
  return {
    cycle: cycle.number,
    effectiveAt: new Date(cycle.effectiveAtMs).toISOString(),
    winners: cycle.winners,
    losers: cycle.losers,
    leftWaiting: cycle.leftWaiting,
    revenue: formatCredits(cycle.revenueMicro),
    supply: perResource(cycle.supplyPpm, fraction),
    demand: perResource(cycle.demandPpm, fraction),
    utilisation: perResource(cycle.utilisationPpm, fraction),
    prices: perResource(cycle.pricesMicro, price => formatCredits(BigInt(price))),
    priceSource: cycle.priceSource,
    priceAgeSeconds: cycle.priceAgeSeconds,
    cutoffScore: cycle.cutoffScore,
  }
}
