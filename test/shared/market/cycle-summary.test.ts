import { expect, test } from 'vitest'
import { summariseCycle } from '../../../shared/market/cycle-summary.ts'

test('a cycle is told in credits, fractions and names', () => {
  expect(
    summariseCycle({
      number: 3,
      effectiveAtMs: Date.UTC(2026, 0, 1),
      resources: ['cpu', 'memory'],
      winners: 1,
      losers: 2,
      leftWaiting: 4,
      revenueMicro: 1_500_000n,
      supplyPpm: [1_000_000, 999_999],
      demandPpm: [2_500_000n, 0n],
      utilisationPpm: [250_000, 1],
      pricesMicro: [10_000n, 1_000_000n],
      priceSource: 'live',
      priceAgeSeconds: 2.5,
      cutoffScore: '15',
    }),
  ).toEqual({
    cycle: 3,
    effectiveAt: '2026-01-01T00:00:00.000Z',
    winners: 1,
    losers: 2,
    leftWaiting: 4,
    revenue: '1.5',
    supply: { cpu: 1, memory: 0.999999 },
    demand: { cpu: 2.5, memory: 0 },
    utilisation: { cpu: 0.25, memory: 0.000001 },
    prices: { cpu: '0.01', memory: '1' },
    priceSource: 'live',
    priceAgeSeconds: 2.5,
    cutoffScore: '15',
  })
})
