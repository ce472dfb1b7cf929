import { postedCostMicro } from '../pricing/posted-cost.ts'
import type { BidTable } from './clear.ts'

/**
 * What is asked of each resource at the posted prices, in parts per million of its capacity: what is leased before
 * clearing, and the bundles of all eligible bids whose amount reaches their posted cost.
 */
export function demandOf(
  bids: BidTable,
  pricesMicro: ArrayLike<number>,
  leasedPpm: ArrayLike<number>,
): number[] {
  const resources = pricesMicro.length
  const demandPpm = Array.from(leasedPpm)
  for (let row = 0; row < bids.amountMicro.length; row++) {
    const bundlePpm = bids.quantitiesPpm.subarray(row * resources, (row + 1) * resources)
    const reachesCost =
      bids.amountMicro[row]! >= postedCostMicro(pricesMicro, bundlePpm, bids.durationSeconds[row]!)
    if (!reachesCost) continue
    for (let resource = 0; resource < resources; resource++) demandPpm[resource]! += bundlePpm[resource]!
  }
  return demandPpm
}
