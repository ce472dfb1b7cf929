import { largePostedCostMicro, scoreOf, smallPostedCostMicro } from '../pricing/posted-cost.ts'
import { wholeQuotient } from '../pricing/whole-quotient.ts'
import { stableOrder, wordsOf } from './stable-order.ts'

/** `highest-bid` ranks by the amount, `posted-price` by the amount for each unit of cost at the posted prices. */
export type Policy = 'highest-bid' | 'posted-price'

/**
 * A book of bids as columns; row `i` of each column is one bid. Quantities are a row-major table, as many columns as
 * the market has resources, of safe integers in parts per million of capacity. Amounts are micro-credits,
 * `firstConsideredCycle` the cycle that first weighed the bid (this one for a new bid), `admissionOrder` unique.
 * No value is negative.
 */
export type BidTable = {
  amountMicro: BigInt64Array
  quantitiesPpm: Float64Array
  durationSeconds: Int32Array
  firstConsideredCycle: BigInt64Array
  admissionOrder: BigInt64Array
}

/** Supply is what leases leave; prices are micro-credits per 100 % capacity-second. Both in the market's order. */
export type ClearingInput = {
  bids: BidTable
  supplyPpm: ArrayLike<number>
  pricesMicro: ArrayLike<number>
  policy: Policy
}

/** `winners` are rows, best first; `ranks` and `scores` are by row, rank 1 being the best. Winners pay what they bid. */
export type Clearing = {
  winners: Uint32Array
  ranks: Uint32Array
  scores: BigInt64Array | bigint[]
  remainingSupplyPpm: Float64Array
  /** The lowest score that won; null when nobody did. */
  cutoffScore: bigint | null
  revenueMicro: bigint
}

/**
 * Decides who wins a cycle: bids are taken by score, the higher first, then by the earlier first considered cycle,
 * then in order of admission; each wins if its whole bundle fits into what is left, and pays its amount. The result
 * is the same whatever the order of the rows. Throws a RangeError when columns do not match each other.
 */
export function clear({ bids, supplyPpm, pricesMicro, policy }: ClearingInput): Clearing {
  requireMatchingColumns(bids, supplyPpm.length, pricesMicro.length)
  const scores = policy === 'highest-bid' ? bids.amountMicro : scoresAtPostedPrices(bids, pricesMicro)
  const order = rankedRows(bids, scores)
  const { winners, remainingSupplyPpm } = takeWhatFits(order, bids.quantitiesPpm, supplyPpm)
  const lowestWinner = winners.at(-1)
  return {
    winners,
    ranks: ranksOf(order),
    scores,
    remainingSupplyPpm,
    cutoffScore: lowestWinner === undefined ? null : scores[lowestWinner]!,
    revenueMicro: winners.reduce((sum, row) => sum + bids.amountMicro[row]!, 0n),
  }
}

function takeWhatFits(order: Uint32Array, quantitiesPpm: Float64Array, supplyPpm: ArrayLike<number>) {
  const resources = supplyPpm.length
  const remainingSupplyPpm = Float64Array.from(supplyPpm)
  const winners = new Uint32Array(order.length)
  let won = 0
  const doesNotFit = new Uint8Array(order.length)
  const missesPerSweep = Math.max(MIN_MISSES_PER_SWEEP, order.length / 16)
  let misses = 0
  for (let position = 0; position < order.length; position++) {
    const row = order[position]!
    if (doesNotFit[row] === 1) continue
    if (fits(row, quantitiesPpm, remainingSupplyPpm)) {
      const bundle = row * resources
      for (let resource = 0; resource < resources; resource++) {
        remainingSupplyPpm[resource]! -= quantitiesPpm[bundle + resource]!
      }
      winners[won++] = row
    } else if (++misses >= missesPerSweep) {
      markWhatDoesNotFit(doesNotFit, quantitiesPpm, remainingSupplyPpm)
      misses = 0
    }
  }
  return { winners: winners.slice(0, won), remainingSupplyPpm }
}

function fits(row: number, quantitiesPpm: Float64Array, remainingSupplyPpm: Float64Array): boolean {
  const resources = remainingSupplyPpm.length
  const bundle = row * resources
  for (let resource = 0; resource < resources; resource++) {
    if (quantitiesPpm[bundle + resource]! > remainingSupplyPpm[resource]!) return false
  }
  return true
}

/**
 * Supply only shrinks, so what does not fit now never will. Looking at the table in its own order reads memory many
 * times faster than jumping about in it by rank, so after a number of misses it pays to look at every row once.
 */
function markWhatDoesNotFit(
  doesNotFit: Uint8Array,
  quantitiesPpm: Float64Array,
  remainingSupplyPpm: Float64Array,
): void {
  for (let row = 0; row < doesNotFit.length; row++) {
    if (!fits(row, quantitiesPpm, remainingSupplyPpm)) doesNotFit[row] = 1
  }
}

/** Rows from best to worst: sorted by the least important key first, each sort keeping the order of the one before. */
function rankedRows(bids: BidTable, scores: BigInt64Array | bigint[]): Uint32Array {
  let order: Uint32Array = new Uint32Array(scores.length)
  for (let row = 0; row < order.length; row++) order[row] = row
  order = stableOrder(order, bids.admissionOrder, 'ascending')
  order = stableOrder(order, bids.firstConsideredCycle, 'ascending')
  if (scores instanceof BigInt64Array) return stableOrder(order, scores, 'descending')
  const low = BigInt64Array.from(scores, score => BigInt.asUintN(63, score))
  const high = BigInt64Array.from(scores, score => score >> 63n)
  return stableOrder(stableOrder(order, low, 'descending'), high, 'descending')
}

function ranksOf(order: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(order.length)
  for (let position = 0; position < order.length; position++) ranks[order[position]!] = position + 1
  return ranks
}

const MIN_MISSES_PER_SWEEP = 1024
const MAX_INT64 = 2n ** 63n - 1n
const WORD = 2 ** 32

/** Scores fit 64 bits in any ordinary book; a huge amount for next to nothing makes them plain bigints. */
function scoresAtPostedPrices(bids: BidTable, pricesMicro: ArrayLike<number>): BigInt64Array | bigint[] {
  const scores = new BigInt64Array(bids.amountMicro.length)
  const { words, low, high } = wordsOf(scores)
  const amounts = wordsOf(bids.amountMicro).words
  for (let row = 0; row < scores.length; row++) {
    const amountMicro = amounts[2 * row + high]! * WORD + amounts[2 * row + low]!
    const costMicro = smallPostedCostMicro(
      pricesMicro,
      bids.quantitiesPpm,
      row * pricesMicro.length,
      bids.durationSeconds[row]!,
    )
    const score = costMicro === null ? null : smallScore(amountMicro, costMicro)
    if (score !== null) {
      words[2 * row + low] = score // a 32-bit element keeps the remainder by 2^32
      words[2 * row + high] = score / WORD
      continue
    }
    const exact = exactScore(bids, pricesMicro, row)
    if (exact > MAX_INT64) return Array.from(scores, (_, any) => exactScore(bids, pricesMicro, any))
    scores[row] = exact
  }
  return scores
}

function exactScore(bids: BidTable, pricesMicro: ArrayLike<number>, row: number): bigint {
  const costMicro = largePostedCostMicro(
    pricesMicro,
    bids.quantitiesPpm,
    row * pricesMicro.length,
    bids.durationSeconds[row]!,
  )
  return scoreOf(bids.amountMicro[row]!, costMicro)
}

/** floor(amount * 1e6 / cost) by long division in base 1000, or null when a step leaves the safe integers. */
function smallScore(amountMicro: number, costMicro: number): number | null {
  if (amountMicro > Number.MAX_SAFE_INTEGER || costMicro > Number.MAX_SAFE_INTEGER / 1000) return null
  let score = wholeQuotient(amountMicro, costMicro)
  let rest = amountMicro - score * costMicro
  for (let step = 0; step < 2; step++) {
    const digit = wholeQuotient(rest * 1000, costMicro)
    rest = rest * 1000 - digit * costMicro
    score = score * 1000 + digit
  }
  return score <= Number.MAX_SAFE_INTEGER ? score : null
}

function requireMatchingColumns(bids: BidTable, resources: number, prices: number): void {
  const rows = bids.amountMicro.length
  const matching =
    prices === resources &&
    bids.quantitiesPpm.length === rows * resources &&
    bids.durationSeconds.length === rows &&
    bids.firstConsideredCycle.length === rows &&
    bids.admissionOrder.length === rows
  if (!matching)
    throw new RangeError(
      'the columns of a book have one row per bid, and one quantity and price per resource',
    )
}
