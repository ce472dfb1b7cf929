import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CycleDemand,
  DEFAULT_PRICE_RULE,
  highestE,
  meanDemandPpm,
  type PostedPrice,
  type PriceTickInput,
  priceAtMicro,
  priceTick,
} from '../../../shared/pricing/posted-price.ts'

const rule = DEFAULT_PRICE_RULE
const oneResource = (input: Partial<PriceTickInput>): PriceTickInput => ({
  previous: { tickMs: 0, prices: [priceOf(50_000_000)] },
  tickMs: rule.periodMs,
  cycles: [],
  standingDemandPpm: [rule.targetPpm],
  leasedPpm: [0],
  rule,
  ...input,
})

function priceOf(eMillionths: number): PostedPrice {
  return { eMillionths, priceMicro: priceAtMicro(eMillionths, rule) }
}

const anyE = fc.integer({ min: 0, max: highestE(rule) })
const anyDemandPpm = fc.oneof(
  fc.integer({ min: 0, max: 3_000_000 }),
  fc.integer({ min: 0, max: 100_000_000_000 }),
)

describe('a price tick', () => {
  it('moves a price as the formula says, computed here in floating point', () => {
    fc.assert(
      fc.property(anyE, anyDemandPpm, fc.integer({ min: 1, max: 100_000 }), (e, demandPpm, elapsedMs) => {
        const [update] = priceTick(
          oneResource({
            previous: { tickMs: 0, prices: [priceOf(e)] },
            tickMs: elapsedMs,
            standingDemandPpm: [demandPpm],
          }),
        )!
        const z = Math.max(-1, Math.min(1, (demandPpm / 1e6 - 0.9) / 0.9))
        const steps = Math.max(
          0,
          Math.min(Math.log(1e5) / Math.log(1.125), e / 1e6 + z * Math.min(elapsedMs / 10_000, 4)),
        )
        expect(Math.abs(update!.new.eMillionths / 1e6 - steps)).toBeLessThan(1e-5)
        expect(Math.abs(update!.new.priceMicro / 1e6 / (0.01 * 1.125 ** steps) - 1)).toBeLessThan(1e-4)
      }),
    )
  })

  it('stays within its bounds and moves at most 12.5 % up and 11.1 % down per period', () => {
    fc.assert(
      fc.property(anyE, anyDemandPpm, fc.integer({ min: 1, max: 10_000_000 }), (e, demandPpm, elapsedMs) => {
        const before = priceOf(e)
        const [update] = priceTick(
          oneResource({
            previous: { tickMs: 0, prices: [before] },
            tickMs: elapsedMs,
            standingDemandPpm: [demandPpm],
          }),
        )!
        const after = update!.new.priceMicro
        const periods = Math.min(elapsedMs / rule.periodMs, 4)
        expect(Number.isSafeInteger(after)).toBe(true)
        expect(after).toBeGreaterThanOrEqual(rule.floorMicro)
        expect(after).toBeLessThanOrEqual(rule.ceilingMicro)
        expect(after).toBeLessThanOrEqual((before.priceMicro + 0.5) * 1.125 ** periods + 0.5)
        expect(after).toBeGreaterThanOrEqual((before.priceMicro - 0.5) / 1.125 ** periods - 0.5)
      }),
    )
  })

  it('is monotone in demand', () => {
    fc.assert(
      fc.property(anyE, anyDemandPpm, anyDemandPpm, (e, one, other) => {
        const priceWith = (demandPpm: number) =>
          priceTick(
            oneResource({ previous: { tickMs: 0, prices: [priceOf(e)] }, standingDemandPpm: [demandPpm] }),
          )![0]!.new.priceMicro
        expect(priceWith(Math.max(one, other))).toBeGreaterThanOrEqual(priceWith(Math.min(one, other)))
      }),
    )
  })

  it('gives the same prices when replayed, and does nothing when it is a duplicate or older', () => {
    const input = oneResource({ cycles: [{ effectiveAtMs: 2_000, demandPpm: [1_234_567] }] })
    expect(priceTick(input)).toEqual(priceTick(structuredClone(input)))
    const applied = { tickMs: input.tickMs, prices: priceTick(input)!.map(update => update.new) }
    expect(priceTick({ ...input, previous: applied })).toBeNull()
    expect(priceTick({ ...input, previous: applied, tickMs: input.tickMs - 1 })).toBeNull()
  })

  it('folds a late tick in, at most four periods', () => {
    const after = (periods: number) =>
      priceTick(oneResource({ tickMs: periods * rule.periodMs, standingDemandPpm: [9_000_000] }))![0]!.new
        .eMillionths
    expect([1, 2, 4, 5, 1_000].map(after)).toEqual([51, 52, 54, 54, 54].map(steps => steps * 1_000_000))
  })

  it('starts from the floor, and takes one period for elapsed', () => {
    const [update] = priceTick(
      oneResource({ previous: null, tickMs: 1_790_000_000_000, standingDemandPpm: [9_000_000] }),
    )!
    expect(update).toMatchObject({ old: { eMillionths: 0, priceMicro: 10_000 }, elapsedMs: 10_000 })
    expect(update!.new).toEqual({ eMillionths: 1_000_000, priceMicro: 11_250 })
  })

  it('lets the prices of an idle market fall to the floor', () => {
    let prices = [priceOf(highestE(rule))]
    for (let tick = 1; tick <= 98; tick++) {
      const updates = priceTick(
        oneResource({
          previous: { tickMs: (tick - 1) * rule.periodMs, prices },
          tickMs: tick * rule.periodMs,
          standingDemandPpm: [0],
        }),
      )!
      prices = updates.map(update => update.new)
    }
    expect(prices).toEqual([{ eMillionths: 0, priceMicro: rule.floorMicro }])
    expect(priceAtMicro(highestE(rule), rule)).toBe(rule.ceilingMicro)
  })

  it('says why a price moved', () => {
    const reason = (demandPpm: number, leasedPpm: number) =>
      priceTick(oneResource({ standingDemandPpm: [demandPpm], leasedPpm: [leasedPpm] }))![0]!.reason
    expect(reason(1_500_000, 950_000)).toBe('supply_constraint')
    expect(reason(1_500_000, 900_000)).toBe('demand_spike')
    expect(reason(500_000, 950_000)).toBe('demand_drop')
    expect(reason(900_000, 900_000)).toBe('unchanged')
  })

  it('keeps the recorded price as the old one, even when bounds have changed since', () => {
    const recorded = { eMillionths: 10_000_000, priceMicro: 77_777 }
    expect(priceTick(oneResource({ previous: { tickMs: 0, prices: [recorded] } }))![0]!.old).toEqual(recorded)
  })
})

describe('mean demand', () => {
  it('weighs each cycle by the time until the next, and leaves out the stretch before the first', () => {
    const cycles: CycleDemand[] = [
      { effectiveAtMs: 8_000, demandPpm: [400_000, 0] },
      { effectiveAtMs: 2_000, demandPpm: [1_000_000, 7] },
      { effectiveAtMs: 10_000, demandPpm: [5, 5] },
      { effectiveAtMs: -1, demandPpm: [5, 5] },
    ]
    expect(meanDemandPpm(cycles, 0, 10_000)).toEqual([850_000, 5])
  })

  it('is null without a cycle', () => {
    expect(meanDemandPpm([], 0, 10_000)).toBeNull()
  })

  it('lies between the least and the greatest demand', () => {
    const anyCycles = fc.array(
      fc.record({ effectiveAtMs: fc.nat(9_999), demandPpm: fc.tuple(anyDemandPpm) }),
      {
        minLength: 1,
      },
    )
    fc.assert(
      fc.property(anyCycles, cycles => {
        const [mean] = meanDemandPpm(cycles, 0, 10_000)!
        const demands = cycles.map(cycle => cycle.demandPpm[0])
        expect(mean).toBeGreaterThanOrEqual(Math.min(...demands))
        expect(mean).toBeLessThanOrEqual(Math.max(...demands))
      }),
    )
  })
})

/**
 * A market whose book empties at every cycle: bids arrive evenly, and those worth their cost ask for
 * `0.9 * (price / rightPrice) ^ -elasticity` of capacity in all, for as long as one cycle lasts.
 */
function simulatedPrices(market: {
  startMicro: number
  elasticity: number
  cycleMs: number
  phaseMs: number
  ticks: number
}): number[] {
  let prices = [priceOf(Math.round((Math.log(market.startMicro / rule.floorMicro) / Math.log(1.125)) * 1e6))]
  let cycles: CycleDemand[] = []
  let nextCycleMs = market.phaseMs
  const history: number[] = []
  for (let tick = 1; tick <= market.ticks; tick++) {
    const tickMs = tick * rule.periodMs
    for (; nextCycleMs < tickMs; nextCycleMs += market.cycleMs) {
      const ratio = prices[0]!.priceMicro / RIGHT_PRICE_MICRO
      cycles.push({
        effectiveAtMs: nextCycleMs,
        demandPpm: [Math.round(900_000 * ratio ** -market.elasticity)],
      })
    }
    const previous = { tickMs: tickMs - rule.periodMs, prices }
    const updates = priceTick(oneResource({ previous, tickMs, cycles, standingDemandPpm: [0] }))!
    prices = updates.map(update => update.new)
    history.push(prices[0]!.priceMicro)
    cycles = cycles.filter(cycle => cycle.effectiveAtMs >= tickMs)
  }
  return history
}

const RIGHT_PRICE_MICRO = 1_000_000
const isWithinTenPercent = (priceMicro: number) => Math.abs(priceMicro / RIGHT_PRICE_MICRO - 1) <= 0.1
const anyRhythm = fc
  .integer({ min: 100, max: 10_000 })
  .chain(cycleMs => fc.record({ cycleMs: fc.constant(cycleMs), phaseMs: fc.nat(cycleMs - 1) }))

describe('prices in a market with elasticity 1', () => {
  it('come within 10 % from ten times too low in 30 ticks and stay, whatever the phase', () => {
    fc.assert(
      fc.property(anyRhythm, rhythm => {
        const history = simulatedPrices({ ...rhythm, startMicro: 100_000, elasticity: 1, ticks: 60 })
        expect(history.slice(29).every(isWithinTenPercent)).toBe(true)
      }),
    )
  })

  it('come within 10 % from ten times too high in 60 ticks and stay, whatever the phase', () => {
    fc.assert(
      fc.property(anyRhythm, rhythm => {
        const history = simulatedPrices({ ...rhythm, startMicro: 10_000_000, elasticity: 1, ticks: 120 })
        expect(history.slice(59).every(isWithinTenPercent)).toBe(true)
      }),
    )
  })
})

describe('prices in a market with elasticity 5', () => {
  it('do not swing ever wider', () => {
    fc.assert(
      fc.property(anyRhythm, fc.constantFrom(500_000, 990_000, 2_000_000), (rhythm, startMicro) => {
        const history = simulatedPrices({ ...rhythm, startMicro, elasticity: 5, ticks: 200 })
        const swing = (prices: number[]) => Math.max(...prices) / Math.min(...prices)
        expect(swing(history.slice(150))).toBeLessThanOrEqual(swing(history.slice(50, 100)) * 1.001)
        expect(history.slice(150).every(isWithinTenPercent)).toBe(true)
      }),
    )
  })
})
