import { describe, expect, test } from 'vitest'
import { heldDemandPpm } from '../../../shared/pricing/held-demand.ts'

const lastCycle = { effectiveAtMs: 100_000, demandPpm: [1_200_000, 0] }
const held = (afterMs: number, bidsWait: boolean, cycleMs = 13_000, periodMs = 10_000) =>
  heldDemandPpm({ lastCycle, atMs: lastCycle.effectiveAtMs + afterMs, cycleMs, periodMs, bidsWait }) !== null

describe('the demand a cycle recorded', () => {
  test('holds until another cycle could come', () => {
    expect([held(0, false), held(12_999, false), held(13_000, false)]).toEqual([true, true, false])
  })

  test('holds for a second cycle time while bids wait for one', () => {
    expect([held(13_000, true), held(25_999, true), held(26_000, true)]).toEqual([true, true, false])
  })

  test('has had its say after four periods, however rare cycles are', () => {
    expect([held(39_999, true, 3_600_000), held(40_000, true, 3_600_000)]).toEqual([true, false])
  })

  test('is none before the first cycle', () => {
    const none = { lastCycle: null, atMs: 0, cycleMs: 1000, periodMs: 1000, bidsWait: true }
    expect(heldDemandPpm(none)).toBeNull()
  })
})
