import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { postedCostMicro, scoreOf } from '../../../shared/pricing/posted-cost.ts'
import { wholeQuotient } from '../../../shared/pricing/whole-quotient.ts'

const marketPrice = fc.integer({ min: 10_000, max: 1_000_000_000 })
const marketQuantity = fc.integer({ min: 0, max: 1_000_000 })
const anySafe = fc.maxSafeNat()

describe('the posted cost', () => {
  it('is price x fraction x seconds', () => {
    expect(postedCostMicro([2_000_000, 4_000_000], [500_000, 250_000], 10)).toBe(20_000_000n)
  })

  it('rounds up, and is at least one micro-credit', () => {
    expect(postedCostMicro([1], [1], 1)).toBe(1n)
    expect(postedCostMicro([1_000_001], [1], 1)).toBe(2n)
    expect(postedCostMicro([1, 1], [0, 0], 86_400)).toBe(1n)
  })

  it('is the smallest whole number of micro-credits that covers the sum, in a market or far beyond', () => {
    const rows = fc.oneof(
      fc.array(fc.tuple(marketPrice, marketQuantity), { minLength: 1, maxLength: 9 }),
      fc.array(fc.tuple(anySafe, anySafe), { minLength: 1, maxLength: 9 }),
    )
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 86_400 }), (rows, seconds) => {
        const prices = rows.map(([price]) => price)
        const quantities = rows.map(([, quantity]) => quantity)
        const millionths =
          rows.reduce((sum, [price, quantity]) => sum + BigInt(price) * BigInt(quantity), 0n) *
          BigInt(seconds)
        const cost = postedCostMicro(prices, quantities, seconds)
        expect(cost * 1_000_000n).toBeGreaterThanOrEqual(millionths)
        if (cost > 1n) expect((cost - 1n) * 1_000_000n).toBeLessThan(millionths)
      }),
    )
  })
})

describe('the score', () => {
  it('is the amount per unit of cost in millionths, rounded down', () => {
    expect(scoreOf(3n, 2n)).toBe(1_500_000n)
    expect(scoreOf(2n, 3n)).toBe(666_666n)
    expect(scoreOf(10n ** 18n, 1n)).toBe(10n ** 24n)
  })
})

describe('a whole quotient', () => {
  it('equals division of integers for all safe integers', () => {
    const nearMultiple = fc
      .tuple(
        fc.integer({ min: 1, max: 94_906_265 }),
        fc.integer({ min: 1, max: 94_906_265 }),
        fc.constantFrom(-1, 0, 1),
      )
      .map(([factor, divisor, off]): [number, number] => [factor * divisor + off, divisor])
    const anyPair = fc.tuple(anySafe, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
    fc.assert(
      fc.property(fc.oneof(nearMultiple, anyPair), ([dividend, divisor]) => {
        expect(BigInt(wholeQuotient(dividend, divisor))).toBe(BigInt(dividend) / BigInt(divisor))
      }),
      { numRuns: 2_000 },
    )
  })
})
