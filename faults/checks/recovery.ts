import { type Check, type Evidence, resultOf } from '../evidence.ts'

/** Milliseconds from the healing of each fault to the next settled cycle, and to the next acknowledged bid. */
export interface Recovery {
  cycleMs: number[]
  bidMs: number[]
  /** Faults after which none came. */
  never: string[]
}

/** How long it took, fault by fault; of several markets the slowest counts. */
export function recoveryOf({ faults, markets, operations }: Evidence): Recovery {
  const recovery: Recovery = { cycleMs: [], bidMs: [], never: [] }
  const settled = markets.map(({ cycles }) =>
    cycles.flatMap(({ effectiveMs }) => (effectiveMs === null ? [] : [effectiveMs])).sort((a, b) => a - b),
  )
  const acknowledged = operations
    .filter(({ kind, outcome }) => kind === 'bid' && outcome === 'acknowledged')
    .map(({ endedMs }) => endedMs)
    .sort((a, b) => a - b)
  for (const { kind, target, healedMs } of faults) {
    if (healedMs === null) continue
    const bidAt = firstFrom(acknowledged, healedMs)
    const cyclesAt = settled.map(times => firstFrom(times, healedMs))
    if (bidAt === undefined || cyclesAt.some(at => at === undefined)) {
      recovery.never.push(`${kind} ${target}, healed at ${new Date(healedMs).toISOString()}`)
      continue
    }
    recovery.bidMs.push(bidAt - healedMs)
    recovery.cycleMs.push(Math.max(...cyclesAt.map(at => at! - healedMs)))
  }
  return recovery
}

/** After each fault every market settled a cycle again, and a bid was acknowledged. */
export const recovers: Check = evidence => {
  const { cycleMs, bidMs, never } = recoveryOf(evidence)
  return resultOf(
    'after every fault a cycle settles and a bid is acknowledged',
    {
      faults: cycleMs.length + never.length,
      cycleP50Ms: percentile(cycleMs, 50),
      cycleP99Ms: percentile(cycleMs, 99),
      bidP50Ms: percentile(bidMs, 50),
      bidP99Ms: percentile(bidMs, 99),
    },
    never.map(fault => `nothing came after ${fault}`),
  )
}

/** The value that so many percent of all are not above; 0 of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0)
}

function firstFrom(sorted: readonly number[], fromMs: number): number | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < fromMs) low = middle + 1
    else high = middle
  }
  return sorted[low]
}
