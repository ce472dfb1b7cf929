import { ApplicationFailure } from '@temporalio/common'
import type { Allowances } from '../shared/allowance/allowance.ts'
import type { AllowanceResult } from '../shared/contracts/workflows.ts'
import { type AllowancePeriod, unscheduleWhenUnused } from '../shared/db/allowances/allowance-periods.ts'
import type { Database } from '../shared/db/pool.ts'
import type { AllowanceSchedules } from '../shared/temporal/allowance-schedules.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** What the `allowance` workflow does. */
export interface AllowanceActivities {
  payAllowances(input: AllowancePeriod & { atMs: number }): Promise<AllowanceResult>
  /** Removes the schedule of a period that pays nobody any more. */
  unscheduleWhenUnused(input: AllowancePeriod): Promise<void>
}

/** Makes the activities of allowances. */
export function createAllowanceActivities({
  db,
  allowances,
  schedules,
}: {
  db: Database
  allowances: Allowances
  schedules: AllowanceSchedules
}): AllowanceActivities {
  return {
    async payAllowances(due) {
      const outcome = await allowances.pay(due)
      if (!outcome.ok && outcome.error.code === 'market_closed') {
        return { closed: true, message: outcome.error.message }
      }
      // Temporal's clock is ahead of Postgres's, which decides: a moment later it has begun.
      if (!outcome.ok && outcome.error.code === 'period_not_begun') {
        throw ApplicationFailure.retryable(outcome.error.message, outcome.error.code)
      }
      const { ok: _ok, ...paid } = acceptedOrFail(outcome)
      return paid
    },
    unscheduleWhenUnused: period =>
      unscheduleWhenUnused(db, period, () => schedules.delete(period.marketId, period.periodSeconds)),
  }
}
