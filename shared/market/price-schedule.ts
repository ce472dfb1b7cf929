import type { PriceScheduleFacts } from '../economy/economy.ts'

/** A market's schedule of price updates as it stands. */
export interface PriceSchedule {
  isPaused: boolean
  note: string | null
  /** Null: an operator gave it other times than one interval of whole seconds. */
  periodSeconds: number | null
}

export type ScheduleChange =
  | { change: 'create'; periodSeconds: number; isPaused: boolean }
  | { change: 'delete' }
  | { change: 'pause' }
  | { change: 'resume' }
  | { change: 'setPeriod'; periodSeconds: number }
  | { change: 'setRule'; periodSeconds: number }
  | { change: 'agree'; periodSeconds: number }

/** By this note a schedule that stands still because its market does is known from one that an operator paused. */
export const PAUSED_WITH_MARKET = 'paused with its market'

/**
 * What is to be done so that a market and its schedule agree. A schedule follows its market: it is made with it,
 * pauses and resumes with it, and goes when the market closes; what an operator paused stays paused. The period is the
 * rule's unless somebody changed it in the schedule: which of the two is newer shows in what they agreed on last.
 */
export function decideScheduleChanges(
  market: PriceScheduleFacts,
  schedule: PriceSchedule | null,
): ScheduleChange[] {
  const { status, periodSeconds: rule, agreedSeconds } = market
  if (status === 'closing' || status === 'closed') return schedule === null ? [] : [{ change: 'delete' }]
  const isPaused = status === 'paused'
  if (schedule === null) {
    return [
      { change: 'create', periodSeconds: rule, isPaused },
      { change: 'agree', periodSeconds: rule },
    ]
  }
  return [...pauseChanges(isPaused, schedule), ...periodChanges(rule, schedule.periodSeconds, agreedSeconds)]
}

function pauseChanges(isMarketPaused: boolean, { isPaused, note }: PriceSchedule): ScheduleChange[] {
  if (isMarketPaused && !isPaused) return [{ change: 'pause' }]
  if (!isMarketPaused && isPaused && note === PAUSED_WITH_MARKET) return [{ change: 'resume' }]
  return []
}

function periodChanges(rule: number, scheduled: number | null, agreed: number | null): ScheduleChange[] {
  if (scheduled === null) return []
  if (scheduled === rule) return agreed === rule ? [] : [{ change: 'agree', periodSeconds: rule }]
  const isRuleNewer = agreed === scheduled || agreed === null
  return isRuleNewer
    ? [
        { change: 'setPeriod', periodSeconds: rule },
        { change: 'agree', periodSeconds: rule },
      ]
    : [
        { change: 'setRule', periodSeconds: scheduled },
        { change: 'agree', periodSeconds: scheduled },
      ]
}
