import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refillBucket, spendFromBucket, type TokenBucket } from '../../../shared/bid/token-bucket.ts'

const rules = { bidsPerSecond: 2, bidBurst: 3 }

/** Bids at these times, each spending when it may; how many did. */
function spendAt(timesMs: number[], bidRules = rules): number {
  let bucket: TokenBucket | null = null
  let spent = 0
  for (const timeMs of timesMs) {
    const left = spendFromBucket(refillBucket(bucket, bidRules, timeMs))
    if (left === null) continue
    bucket = left
    spent++
  }
  return spent
}

describe('a token bucket', () => {
  test('is full at first, and holds no more than the burst', () => {
    expect(refillBucket(null, rules, 0)).toEqual({ millionths: 3_000_000n, atMs: 0 })
    expect(refillBucket({ millionths: 0n, atMs: 0 }, rules, 3_600_000).millionths).toBe(3_000_000n)
  })

  test('refills by the millisecond', () => {
    expect(refillBucket({ millionths: 0n, atMs: 0 }, rules, 499)).toEqual({ millionths: 998_000n, atMs: 499 })
    expect(spendFromBucket({ millionths: 999_999n, atMs: 0 })).toBeNull()
    expect(spendFromBucket({ millionths: 1_000_000n, atMs: 7 })).toEqual({ millionths: 0n, atMs: 7 })
  })

  test('gives the burst at once and then its rate', () => {
    expect(spendAt([0, 0, 0, 0])).toBe(3)
    expect(spendAt([0, 0, 0, 0, 499, 500, 1000])).toBe(5)
  })

  test('without a rate is always full', () => {
    expect(
      refillBucket({ millionths: 0n, atMs: 0 }, { bidsPerSecond: null, bidBurst: 1 }, 0).millionths,
    ).toBe(1_000_000n)
  })

  test('a clock that steps back refills nothing, and no moment counts twice', () => {
    const back = refillBucket({ millionths: 0n, atMs: 1000 }, rules, 400)
    expect(back).toEqual({ millionths: 0n, atMs: 1000 })
    expect(refillBucket(back, rules, 1000).millionths).toBe(0n)
  })

  test('shrinks to a smaller burst', () => {
    const smaller = { bidsPerSecond: 2, bidBurst: 1 }
    expect(refillBucket({ millionths: 3_000_000n, atMs: 0 }, smaller, 0).millionths).toBe(1_000_000n)
  })

  test('never gives more than the burst and the rate allow', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 10_000 }), { maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 10 }),
        (times, bidsPerSecond, bidBurst) => {
          const timesMs = times.toSorted((a, b) => a - b)
          const elapsedMs = (timesMs.at(-1) ?? 0) - (timesMs[0] ?? 0)
          const spent = spendAt(timesMs, { bidsPerSecond, bidBurst })
          expect(spent).toBeLessThanOrEqual(bidBurst + (elapsedMs * bidsPerSecond) / 1000)
        },
      ),
    )
  })
})
