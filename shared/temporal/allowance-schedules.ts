import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client'
import { searchAttributesOf } from '../contracts/search-attributes.ts'
import { allowanceScheduleId } from '../contracts/workflows.ts'
import { withDeadline } from './connect.ts'

/** The schedules by which allowances are paid: one for a market and a length of periods. */
export interface AllowanceSchedules {
  /** Makes the schedule, unless it is there. */
  create(marketId: string, periodSeconds: number): Promise<void>
  /** Removes it, if it is there. */
  delete(marketId: string, periodSeconds: number): Promise<void>
}

/** A start that was missed is made up for until the next one and a little longer: one pays for all that were missed. */
const CATCH_UP_BEYOND_MS = 60_000

/** Schedules whose payments run on `taskQueue`. Periods begin with the schedule's own times, counted from 1970 on. */
export function createAllowanceSchedules(client: Client, taskQueue: string): AllowanceSchedules {
  return {
    async create(marketId, periodSeconds) {
      const scheduleId = allowanceScheduleId(marketId, periodSeconds)
      try {
        await withDeadline(client, () =>
          client.schedule.create({
            scheduleId,
            spec: { intervals: [{ every: periodSeconds * 1000 }] },
            action: {
              type: 'startWorkflow',
              workflowType: 'allowance',
              workflowId: scheduleId,
              args: [{ marketId, periodSeconds }],
              taskQueue,
              staticSummary: `allowances of market ${marketId}, every ${periodSeconds} s`,
              typedSearchAttributes: searchAttributesOf({ marketId }),
            },
            policies: { overlap: 'SKIP', catchupWindow: periodSeconds * 1000 + CATCH_UP_BEYOND_MS },
          }),
        )
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error
      }
    },
    async delete(marketId, periodSeconds) {
      try {
        const handle = client.schedule.getHandle(allowanceScheduleId(marketId, periodSeconds))
        await withDeadline(client, () => handle.delete())
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error
      }
    },
  }
}
