import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareAgents } from '../../../../shared/scenario/statistics/compare-agents.ts'
import { krippendorffAlpha } from '../../../../shared/scenario/statistics/krippendorff-alpha.ts'
import { meanInterval } from '../../../../shared/scenario/statistics/mean-interval.ts'
import { passHatK } from '../../../../shared/scenario/statistics/pass-hat-k.ts'
import { seededRandom } from '../../../../shared/scenario/statistics/seeded-random.ts'
import { welchProbability } from '../../../../shared/scenario/statistics/welch.ts'

describe('a mean', () => {
  it('has the interval of the tables', () => {
    // n = 5, s = sqrt(2.5), t(0.975, 4) = 2.776445: 2.776445 * sqrt(2.5 / 5) = 1.963243
    const interval = meanInterval([1, 2, 3, 4, 5])
    expect(interval).toMatchObject({ mean: 3, n: 5 })
    expect(interval?.lower).toBeCloseTo(3 - 1.963243, 5)
    expect(interval?.upper).toBeCloseTo(3 + 1.963243, 5)
  })

  it('has none of one value, and is none of no value', () => {
    expect(meanInterval([4])).toEqual({ mean: 4, lower: null, upper: null, n: 1 })
    expect(meanInterval([])).toBeNull()
  })
})

describe('a difference of means', () => {
  it('has the probability of the tables', () => {
    // Two groups of 3 with means 12 and 10 and variances 1: t = 2.449490 with 4 degrees of freedom, one-sided p = 0.035242.
    expect(welchProbability([11, 12, 13], [9, 10, 11])).toBeCloseTo(0.035242, 5)
    expect(welchProbability([9, 10, 11], [11, 12, 13])).toBeCloseTo(1 - 0.035242, 5)
  })

  it('without spread is certain or nothing', () => {
    expect(welchProbability([2, 2], [1, 1])).toBe(0)
    expect(welchProbability([1, 1], [1, 1])).toBe(1)
    expect(welchProbability([1], [2, 3])).toBeNull()
  })
})

describe('pass^k', () => {
  it('is the share of draws of k trials that all passed', () => {
    expect(passHatK(5, 5, 3)).toBe(1)
    expect(passHatK(5, 4, 1)).toBeCloseTo(0.8)
    expect(passHatK(5, 3, 2)).toBeCloseTo(3 / 10)
    expect(passHatK(5, 1, 2)).toBe(0)
    expect(passHatK(2, 2, 3)).toBeNull()
  })
})

describe('agreement of judges', () => {
  it('is 1 when they always agree and falls as they do not', () => {
    expect(
      krippendorffAlpha([
        [1, 1],
        [3, 3],
        [5, 5],
      ]),
    ).toBe(1)
    expect(
      krippendorffAlpha([
        [1, 5],
        [5, 1],
      ]),
    ).toBeLessThan(0)
    expect(
      krippendorffAlpha([
        [4, 4],
        [4, 4],
      ]),
    ).toBeNull()
    expect(krippendorffAlpha([[4], [5]])).toBeNull()
  })

  it('is the published 0.849 for interval data with missing values', () => {
    // K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011, section D: 4 observers, 12 units.
    const observers = [
      [1, 2, 3, 3, 2, 1, 4, 1, 2, null, null, null],
      [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, null, 3],
      [null, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, null],
      [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, null],
    ]
    const units = observers[0]!.map((_, unit) =>
      observers.map(scores => scores[unit]!).filter(score => score !== null),
    )
    expect(krippendorffAlpha(units)).toBeCloseTo(0.849, 3)
  })
})

describe('a comparison of agents', () => {
  const pairs = (difference: (scenario: number, trial: number) => number, scenarios = 10) =>
    Array.from({ length: scenarios * 5 }, (_, index) => {
      const [scenario, trial] = [Math.floor(index / 5), index % 5]
      return { scenarioId: `s${scenario}`, trial, a: 3, b: 3 + difference(scenario, trial) }
    })

  it('tells better from worse, and says when neither is shown', () => {
    expect(compareAgents(pairs(scenario => 1 + (scenario % 3) / 10))).toMatchObject({ verdict: 'better' })
    expect(compareAgents(pairs(scenario => -1 - (scenario % 3) / 10))).toMatchObject({ verdict: 'worse' })
    expect(compareAgents(pairs((_, trial) => (trial === 0 ? 1 : 0)))).toMatchObject({ verdict: 'better' })
    expect(compareAgents(pairs(scenario => (scenario === 0 ? 2 : 0))).verdict).toBe('not shown')
    expect(compareAgents(pairs(() => 0)).verdict).toBe('not shown')
  })

  it('is not fooled by many trials of few scenarios', () => {
    expect(compareAgents(pairs(() => 2, 2))).toMatchObject({
      verdict: 'not shown',
      difference: 2,
      lower: null,
    })
    expect(compareAgents([])).toMatchObject({ verdict: 'not shown', difference: null })
  })

  it('is the same whatever the order of the pairs, and turns round with the agents', () => {
    const some = fc.array(
      fc.record({
        scenarioId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
        trial: fc.nat(5),
        a: fc.integer({ min: 1, max: 5 }),
        b: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 6, maxLength: 30 },
    )
    const opposite = { better: 'worse', worse: 'better', 'not shown': 'not shown' }
    fc.assert(
      fc.property(some, all => {
        const forward = compareAgents(all)
        expect(compareAgents(all.toReversed())).toEqual(forward)
        const turned = compareAgents(all.map(({ a, b, ...rest }) => ({ ...rest, a: b, b: a })))
        if (forward.lower !== null && Math.abs(forward.lower) > 0.1 && Math.abs(forward.upper!) > 0.1)
          expect(turned.verdict).toBe(opposite[forward.verdict])
      }),
      { numRuns: 15 },
    )
  })
})

describe('random numbers of a seed', () => {
  it('are the same again, lie from 0 up to 1, and are others for another seed', () => {
    const draw = (seed: string) => Array.from({ length: 1_000 }, seededRandom(seed))
    expect(draw('a')).toEqual(draw('a'))
    expect(draw('a')).not.toEqual(draw('b'))
    expect(draw('a').every(number => number >= 0 && number < 1)).toBe(true)
    expect(Math.abs(draw('a').reduce((sum, number) => sum + number, 0) / 1_000 - 0.5)).toBeLessThan(0.05)
  })
})
