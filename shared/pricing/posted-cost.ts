import { wholeQuotient } from './whole-quotient.ts'

const PPM = 1_000_000
const PPM_BIG = 1_000_000n

/**
 * What a bundle costs at the posted prices, in micro-credits, at least 1.
 *
 * Prices are micro-credits per second for a million parts of a resource (in a market: for 100 % of its capacity),
 * quantities are parts per million in the same order; all are safe integers, none negative. With S = the sum of
 * price x quantity, the cost is max(1, floor(S / 1e6) * seconds + ceil((S mod 1e6) * seconds / 1e6)), which is
 * S * seconds / 1e6 rounded up. Exact whatever the size: bigints take over where doubles would round.
 *
 * In SQL: `greatest(1, ceil(s * seconds / 1000000))` with `s` a `numeric`.
 */
export function postedCostMicro(
  pricesMicro: ArrayLike<number>,
  quantitiesPpm: ArrayLike<number>,
  durationSeconds: number,
): bigint {
  return BigInt(
    smallPostedCostMicro(pricesMicro, quantitiesPpm, 0, durationSeconds) ??
      largePostedCostMicro(pricesMicro, quantitiesPpm, 0, durationSeconds),
  )
}

/**
 * The same cost for the bundle that starts at `offset` in a row-major table of quantities, as a number; null when
 * a step of the formula leaves the safe integers (rounding is monotone, so a result below 2^53 proves its operands
 * exact).
 */
export function smallPostedCostMicro(
  pricesMicro: ArrayLike<number>,
  quantitiesPpm: ArrayLike<number>,
  offset: number,
  durationSeconds: number,
): number | null {
  let sum = 0
  for (let resource = 0; resource < pricesMicro.length; resource++) {
    sum += pricesMicro[resource]! * quantitiesPpm[offset + resource]!
  }
  if (!(sum <= Number.MAX_SAFE_INTEGER)) return null
  const millions = wholeQuotient(sum, PPM)
  const parts = (sum - millions * PPM) * durationSeconds
  const cost = millions * durationSeconds + Math.ceil(parts / PPM)
  if (!(cost <= Number.MAX_SAFE_INTEGER)) return null
  return Math.max(cost, 1)
}

/** The same cost without a limit on size. */
export function largePostedCostMicro(
  pricesMicro: ArrayLike<number>,
  quantitiesPpm: ArrayLike<number>,
  offset: number,
  durationSeconds: number,
): bigint {
  let sum = 0n
  for (let resource = 0; resource < pricesMicro.length; resource++) {
    sum += BigInt(pricesMicro[resource]!) * BigInt(quantitiesPpm[offset + resource]!)
  }
  const seconds = BigInt(durationSeconds)
  const cost = (sum / PPM_BIG) * seconds + ((sum % PPM_BIG) * seconds + PPM_BIG - 1n) / PPM_BIG
  return cost < 1n ? 1n : cost
}

/** How much a bid pays for each unit of posted cost, in millionths, rounded down: floor(amount * 1e6 / cost). */
export function scoreOf(amountMicro: bigint, costMicro: bigint): bigint {
  return (amountMicro * PPM_BIG) / costMicro
}
