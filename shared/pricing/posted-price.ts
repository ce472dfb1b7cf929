/** A price moves by at most one eighth up (12.5 %), or the same factor down (11.1 %), in a period. */
const STEP_FACTOR = 1 + 1 / 8
const KAPPA = Math.log(STEP_FACTOR)

/** A late tick folds in at most this many periods, so that an outage does not end in a jump. */
export const MAX_PERIODS_PER_TICK = 4
const MILLION = 1_000_000

/** Prices are micro-credits per 100 % capacity-second; the target is the load at which a price rests. */
export type PriceRule = { floorMicro: number; ceilingMicro: number; targetPpm: number; periodMs: number }

/** Prices from 0.01 to 1000 credits, at rest when 90 % of capacity is asked for, moved every 10 seconds. */
export const DEFAULT_PRICE_RULE: PriceRule = {
  floorMicro: 10_000,
  ceilingMicro: 1_000_000_000,
  targetPpm: 900_000,
  periodMs: 10_000,
}

/** A resource's price, and `e`: how many steps of 12.5 % it stands above the floor, in millionths. */
export type PostedPrice = { eMillionths: number; priceMicro: number }

export type PriceReason = 'supply_constraint' | 'demand_spike' | 'demand_drop' | 'unchanged'

/** What a cycle recorded: demand per resource in parts per million of capacity, leased before clearing included. */
export type CycleDemand = { effectiveAtMs: number; demandPpm: readonly number[] }

export type PriceTickInput = {
  /** The last applied tick; null before the first one, when prices are at the floor. */
  previous: { tickMs: number; prices: readonly PostedPrice[] } | null
  tickMs: number
  /** The cycles that took effect since the previous tick (or, before the first tick, in the last period). */
  cycles: readonly CycleDemand[]
  /** What is asked for as it stands now: used when there was no cycle. */
  standingDemandPpm: readonly number[]
  leasedPpm: readonly number[]
  rule: PriceRule
}

export type PriceUpdate = {
  old: PostedPrice
  new: PostedPrice
  reason: PriceReason
  demandPpm: number
  elapsedMs: number
}

/**
 * Applies one tick: the new price of each resource, in the market's order, or null when the tick is not later than
 * the last applied one (a duplicate moves nothing). All integers but the one exponential, divisions truncate toward
 * zero, so the same records give the same prices anywhere.
 */
export function priceTick(input: PriceTickInput): PriceUpdate[] | null {
  const { previous, tickMs, rule, leasedPpm } = input
  if (previous !== null && tickMs <= previous.tickMs) return null
  const elapsedMs = previous === null ? rule.periodMs : tickMs - previous.tickMs
  const demandPpm = meanDemandPpm(input.cycles, tickMs - elapsedMs, tickMs) ?? input.standingDemandPpm
  return leasedPpm.map((leased, resource) => {
    const old = previous?.prices[resource] ?? { eMillionths: 0, priceMicro: rule.floorMicro }
    const demand = demandPpm[resource]!
    const eMillionths = nextE(old.eMillionths, demand, elapsedMs, rule)
    const moved = { eMillionths, priceMicro: priceAtMicro(eMillionths, rule) }
    const reason = reasonOf(old.priceMicro, moved.priceMicro, leased, rule.targetPpm)
    return { old, new: moved, reason, demandPpm: demand, elapsedMs }
  })
}

/**
 * The time-weighted mean of what cycles recorded from `fromMs` up to but not including `toMs`: each cycle's demand
 * holds until the next one or `toMs`; the stretch before the first cycle does not count. Null without a cycle.
 */
export function meanDemandPpm(cycles: readonly CycleDemand[], fromMs: number, toMs: number): number[] | null {
  const inWindow = cycles
    .filter(cycle => cycle.effectiveAtMs >= fromMs && cycle.effectiveAtMs < toMs)
    .sort((one, other) => one.effectiveAtMs - other.effectiveAtMs)
  const first = inWindow[0]
  if (first === undefined) return null
  const countedMs = BigInt(toMs - first.effectiveAtMs)
  return first.demandPpm.map((_, resource) => {
    const weighted = inWindow.reduce((sum, cycle, index) => {
      const untilMs = inWindow[index + 1]?.effectiveAtMs ?? toMs
      return sum + BigInt(cycle.demandPpm[resource]!) * BigInt(untilMs - cycle.effectiveAtMs)
    }, 0n)
    return Number(weighted / countedMs)
  })
}

/** The price at a state: floor * 1.125^e, rounded once, never outside the bounds. */
export function priceAtMicro(eMillionths: number, rule: PriceRule): number {
  const price = Math.round(rule.floorMicro * Math.exp((KAPPA * eMillionths) / MILLION))
  return Math.min(Math.max(price, rule.floorMicro), rule.ceilingMicro)
}

/** The state at which the price is at its ceiling. */
export function highestE(rule: PriceRule): number {
  return Math.ceil((Math.log(rule.ceilingMicro / rule.floorMicro) / KAPPA) * MILLION)
}

/** e + z * min(elapsed / period, 4) in [0, highest e], with z = (load - target) / target in [-1, 1]. */
function nextE(eMillionths: number, demandPpm: number, elapsedMs: number, rule: PriceRule): number {
  const target = BigInt(rule.targetPpm)
  const zMillionths = clamped(
    ((BigInt(demandPpm) - target) * BigInt(MILLION)) / target,
    BigInt(-MILLION),
    BigInt(MILLION),
  )
  const period = BigInt(rule.periodMs)
  const countedMs = clamped(BigInt(elapsedMs), 0n, BigInt(MAX_PERIODS_PER_TICK) * period)
  const step = (zMillionths * countedMs) / period
  return Number(clamped(BigInt(eMillionths) + step, 0n, BigInt(highestE(rule))))
}

function reasonOf(oldMicro: number, newMicro: number, leasedPpm: number, targetPpm: number): PriceReason {
  if (newMicro === oldMicro) return 'unchanged'
  if (newMicro < oldMicro) return 'demand_drop'
  return leasedPpm > targetPpm ? 'supply_constraint' : 'demand_spike'
}

function clamped(value: bigint, lowest: bigint, highest: bigint): bigint {
  if (value < lowest) return lowest
  return value > highest ? highest : value
}
