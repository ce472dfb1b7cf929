import { describe, expect, test } from 'vitest'
import type { PriceScheduleFacts } from '../../../shared/economy/economy.ts'
import {
  decideScheduleChanges,
  PAUSED_WITH_MARKET,
  type PriceSchedule,
} from '../../../shared/market/price-schedule.ts'

const market: PriceScheduleFacts = { status: 'open', periodSeconds: 10, agreedSeconds: 10 }
const schedule: PriceSchedule = { isPaused: false, note: null, periodSeconds: 10 }

describe('a price schedule', () => {
  test('that agrees with its market is left alone', () => {
    expect(decideScheduleChanges(market, schedule)).toEqual([])
  })

  test('is made with its market, standing still when the market does', () => {
    const made = decideScheduleChanges({ ...market, status: 'paused', agreedSeconds: null }, null)
    expect(made).toEqual([
      { change: 'create', periodSeconds: 10, isPaused: true },
      { change: 'agree', periodSeconds: 10 },
    ])
  })

  test('goes when its market closes', () => {
    for (const status of ['closing', 'closed'] as const) {
      expect(decideScheduleChanges({ ...market, status }, schedule)).toEqual([{ change: 'delete' }])
      expect(decideScheduleChanges({ ...market, status }, null)).toEqual([])
    }
  })

  test('pauses and resumes with its market, but stays as an operator paused it', () => {
    const paused = { ...market, status: 'paused' as const }
    expect(decideScheduleChanges(paused, schedule)).toEqual([{ change: 'pause' }])
    const withMarket = { ...schedule, isPaused: true, note: PAUSED_WITH_MARKET }
    expect(decideScheduleChanges(paused, withMarket)).toEqual([])
    expect(decideScheduleChanges(market, withMarket)).toEqual([{ change: 'resume' }])
    const byOperator = { ...schedule, isPaused: true, note: 'lunch' }
    expect(decideScheduleChanges(paused, byOperator)).toEqual([])
    expect(decideScheduleChanges(market, byOperator)).toEqual([])
  })

  test('takes a new period from the rule, or gives it one, whichever was changed', () => {
    expect(decideScheduleChanges({ ...market, periodSeconds: 5 }, schedule)).toEqual([
      { change: 'setPeriod', periodSeconds: 5 },
      { change: 'agree', periodSeconds: 5 },
    ])
    expect(decideScheduleChanges(market, { ...schedule, periodSeconds: 30 })).toEqual([
      { change: 'setRule', periodSeconds: 30 },
      { change: 'agree', periodSeconds: 30 },
    ])
  })

  test('whose change was made and not yet agreed on, because a process died, is agreed on', () => {
    const both = { ...market, periodSeconds: 30 }
    expect(decideScheduleChanges(both, { ...schedule, periodSeconds: 30 })).toEqual([
      { change: 'agree', periodSeconds: 30 },
    ])
  })

  test('of times that are no one interval keeps them', () => {
    expect(decideScheduleChanges(market, { ...schedule, periodSeconds: null })).toEqual([])
  })
})
