import { type CycleDemand, MAX_PERIODS_PER_TICK } from './posted-price.ts'

/**
 * What the last cycle recorded, for as long as it still tells what is asked for; else null. It does for one cycle's
 * time, since no other could come before, and for two while bids wait for one: those bids ask for what is leased to
 * others now, and adding both up would count the same demand twice. After four periods it has had its say, so that
 * prices never run away on what was asked long ago.
 */
export function heldDemandPpm({
  lastCycle,
  atMs,
  cycleMs,
  periodMs,
  bidsWait,
}: {
  lastCycle: CycleDemand | null
  atMs: number
  cycleMs: number
  periodMs: number
  /** There are bids that no cycle has considered. */
  bidsWait: boolean
}): readonly number[] | null {
  if (lastCycle === null) return null
  const holdsMs = Math.min(bidsWait ? 2 * cycleMs : cycleMs, MAX_PERIODS_PER_TICK * periodMs)
  return atMs - lastCycle.effectiveAtMs < holdsMs ? lastCycle.demandPpm : null
}
