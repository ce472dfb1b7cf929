import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRetryAfter, retryDelayMs } from '../../../shared/llm/retry-delay.ts'

const NOW_MS = Date.parse('2026-11-24T08:00:00Z')

test.each([
  ['2', 2_000],
  [' 0 ', 0],
  ['1.5', 1_500],
  ['Tue, 24 Nov 2026 08:00:07 GMT', 7_000],
  ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
  ['999999999', 300_000],
  ['-5', null],
  ['soon', null],
  ['', null],
  [undefined, null],
])('a Retry-After of %s is %s ms', (header, ms) => {
  expect(readRetryAfter(header, NOW_MS)).toBe(ms)
})

test('a delay is any part of a bound that doubles up to its limit, after what was asked for', () => {
  const rule = { firstDelayMs: 100, maxDelayMs: 1_000 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const bound = Math.min(1_000, 100 * 2 ** (failures - 1))
        expect(retryDelayMs(rule, failures, undefined, random)).toBeCloseTo(random * bound)
        expect(retryDelayMs(rule, failures, 3_000, random)).toBeGreaterThanOrEqual(3_000)
      },
    ),
  )
})
