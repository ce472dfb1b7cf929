import { expect, test } from 'vitest'
import { pausedUpToMs } from '../../../shared/market/market-clock.ts'

test('a pause counts from its beginning on, those before it in full', () => {
  expect(pausedUpToMs({ pausedMs: 500, pausedAtMs: null }, 10_000)).toBe(500)
  expect(pausedUpToMs({ pausedMs: 500, pausedAtMs: 9_000 }, 10_000)).toBe(1_500)
  expect(pausedUpToMs({ pausedMs: 500, pausedAtMs: 9_000 }, 8_000)).toBe(500)
})
