import { createHash } from 'node:crypto'
import { type Client, type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client'
import { searchAttributesOf } from '../contracts/search-attributes.ts'
import { priceScheduleId } from '../contracts/workflows.ts'
import { PAUSED_WITH_MARKET, type PriceSchedule } from '../market/price-schedule.ts'

/** The markets' schedules of price updates in Temporal. What it does not answer in time throws. */
export interface PriceSchedules {
  find(marketId: string): Promise<(PriceSchedule & { nextAt: string | null }) | null>
  create(marketId: string, periodSeconds: number, isPaused: boolean): Promise<void>
  setPeriod(marketId: string, periodSeconds: number): Promise<void>
  pause(marketId: string, note: string): Promise<void>
  resume(marketId: string, note: string): Promise<void>
  delete(marketId: string): Promise<void>
}

/** Nothing that prices do waits longer than this for Temporal. */
const CALL_WAIT_MS = 5_000
/** Updates that were missed are not made up for, since the next one folds their time in; the least Temporal takes. */
const CATCH_UP_WINDOW_MS = 10_000

/** Price schedules whose updates run on `taskQueue`. */
export function createPriceSchedules(client: Client, taskQueue: string): PriceSchedules {
  const call = <T>(act: () => Promise<T>) => client.connection.withDeadline(Date.now() + CALL_WAIT_MS, act)
  const handle = (marketId: string) => client.schedule.getHandle(priceScheduleId(marketId))

  return {
    async find(marketId) {
      try {
        return scheduleOf(await call(() => handle(marketId).describe()))
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return null
        throw error
      }
    },
    async create(marketId, periodSeconds, isPaused) {
      await call(() =>
        client.schedule.create({
          scheduleId: priceScheduleId(marketId),
          spec: specOf(marketId, periodSeconds),
          action: {
            type: 'startWorkflow',
            workflowType: 'priceUpdate',
            workflowId: priceScheduleId(marketId),
            args: [{ marketId }],
            taskQueue,
            staticSummary: `prices of market ${marketId}`,
            typedSearchAttributes: searchAttributesOf({ marketId }),
          },
          policies: { overlap: 'SKIP', catchupWindow: CATCH_UP_WINDOW_MS },
          state: isPaused ? { paused: true, note: PAUSED_WITH_MARKET } : { paused: false },
        }),
      )
    },
    async setPeriod(marketId, periodSeconds) {
      await call(() =>
        handle(marketId).update(previous => ({ ...previous, spec: specOf(marketId, periodSeconds) })),
      )
    },
    pause: (marketId, note) => call(() => handle(marketId).pause(note)),
    resume: (marketId, note) => call(() => handle(marketId).unpause(note)),
    delete: marketId => call(() => handle(marketId).delete()),
  }
}

/** Each market has a phase of its own, so that not all of them update at the same instant. */
function specOf(marketId: string, periodSeconds: number) {
  const phase = createHash('sha256').update(marketId).digest().readUInt32BE() % periodSeconds
  return { intervals: [{ every: periodSeconds * 1000, offset: phase * 1000 }] }
}

function scheduleOf({ state, spec, info }: ScheduleDescription): PriceSchedule & { nextAt: string | null } {
  return {
    isPaused: state.paused,
    note: state.note || null,
    periodSeconds: periodOf(spec),
    nextAt: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
  }
}

function periodOf({ intervals = [], calendars = [] }: ScheduleDescription['spec']): number | null {
  const [interval, ...others] = intervals
  if (interval === undefined || others.length > 0 || calendars.length > 0) return null
  const seconds = interval.every / 1000
  return Number.isSafeInteger(seconds) ? seconds : null
}
