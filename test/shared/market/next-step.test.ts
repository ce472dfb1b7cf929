import { describe, expect, test } from 'vitest'
import { decideNextStep, type MarketFacts, secondsUntilNextLook } from '../../../shared/market/next-step.ts'

const NOW_MS = 1_000_000
const idle: MarketFacts = {
  nowMs: NOW_MS,
  status: 'open',
  cycleSeconds: 2,
  openCycle: null,
  lastCycle: null,
  newBids: false,
  worthAnotherLook: false,
  tidyAtMs: null,
  commitments: false,
  publishing: false,
  unpublished: false,
  executionsDue: false,
}
const next = (facts: Partial<MarketFacts>) => decideNextStep({ ...idle, ...facts })
const cycleBefore = (seconds: number) => ({ number: 4, openedAtMs: NOW_MS - seconds * 1000 })

describe('what a market does next', () => {
  test('nothing, for as long as nothing is due', () => {
    expect(next({})).toEqual({ step: 'sleep', seconds: null })
    expect(next({ tidyAtMs: NOW_MS + 1500 })).toEqual({ step: 'sleep', seconds: 1.5 })
  })

  test('tidies what is due before all else', () => {
    expect(next({ tidyAtMs: NOW_MS, openCycle: 3, newBids: true })).toEqual({ step: 'tidy' })
    expect(next({ tidyAtMs: NOW_MS, status: 'closed' })).toEqual({ step: 'tidy' })
  })

  test('finishes an open cycle, a closing market too, but not a paused one', () => {
    expect(next({ openCycle: 3 })).toEqual({ step: 'clear', cycle: 3 })
    expect(next({ openCycle: 3, status: 'closing' })).toEqual({ step: 'clear', cycle: 3 })
    expect(next({ openCycle: 3, status: 'paused' })).toEqual({ step: 'sleep', seconds: null })
  })

  test('clears for new bids, and for waiting ones that may fit now', () => {
    expect(next({ newBids: true })).toEqual({ step: 'clear', cycle: 1 })
    expect(next({ worthAnotherLook: true, lastCycle: cycleBefore(2) })).toEqual({ step: 'clear', cycle: 5 })
  })

  test('at most once in the time of a cycle', () => {
    expect(next({ newBids: true, lastCycle: cycleBefore(1.5) })).toEqual({ step: 'wait', seconds: 0.5 })
    expect(next({ newBids: true, lastCycle: cycleBefore(1.5), tidyAtMs: NOW_MS + 100 })).toEqual({
      step: 'wait',
      seconds: 0.1,
    })
  })

  test('a paused market clears nothing', () => {
    expect(next({ status: 'paused', newBids: true })).toEqual({ step: 'sleep', seconds: null })
  })

  test('a closing market releases what is open; a closed one ends with its leases and its publication', () => {
    expect(next({ status: 'closing', newBids: true })).toEqual({ step: 'release' })
    const leaseEnd = { commitments: true, tidyAtMs: NOW_MS + 9000 }
    expect(next({ status: 'closed', ...leaseEnd })).toEqual({ step: 'sleep', seconds: 9 })
    expect(next({ status: 'closed', unpublished: true })).toEqual({ step: 'wait', seconds: 5 })
    expect(next({ status: 'closed', executionsDue: true })).toEqual({ step: 'wait', seconds: 5 })
    expect(next({ status: 'closed', tidyAtMs: NOW_MS + 800 })).toEqual({ step: 'sleep', seconds: 0.8 })
    expect(next({ status: 'closed' })).toEqual({ step: 'closed' })
  })

  test('looks again soon while events wait for the stream or a publisher runs', () => {
    expect(next({ publishing: true })).toEqual({ step: 'sleep', seconds: 5 })
    expect(next({ unpublished: true, tidyAtMs: NOW_MS + 1000 })).toEqual({ step: 'sleep', seconds: 1 })
  })

  test('promises when it will have looked again', () => {
    expect(secondsUntilNextLook({ step: 'closed' })).toBeNull()
    expect(secondsUntilNextLook({ step: 'sleep', seconds: null })).toBeNull()
    expect(secondsUntilNextLook({ step: 'wait', seconds: 0.5 })).toBe(0.5)
    expect(secondsUntilNextLook({ step: 'tidy' })).toBe(5)
  })
})
