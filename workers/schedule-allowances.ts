import { findUnscheduledPeriods, schedulePeriod } from '../shared/db/allowances/allowance-periods.ts'
import type { Database } from '../shared/db/pool.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import type { AllowanceSchedules } from '../shared/temporal/allowance-schedules.ts'
import { doRounds } from './do-rounds.ts'

const LOOK_INTERVAL_MS = 1_000
/** Made at once; the rest a moment later. */
const PERIODS_PER_LOOK = 50

/** Until `signal` aborts, makes the schedules of allowances that have none. Any number of workers may do so. */
export function scheduleAllowances(
  { db, schedules, log }: { db: Database; schedules: AllowanceSchedules; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  return doRounds(
    {
      async round() {
        for (const period of await findUnscheduledPeriods(db, PERIODS_PER_LOOK)) {
          await schedulePeriod(db, period, () => schedules.create(period.marketId, period.periodSeconds))
        }
        return LOOK_INTERVAL_MS
      },
      trouble: 'allowances could not be scheduled; it is tried again',
      afterTroubleMs: LOOK_INTERVAL_MS,
      log,
    },
    signal,
  )
}
