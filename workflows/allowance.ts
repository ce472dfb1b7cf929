import { defineSearchAttributeKey } from '@temporalio/common'
import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { AllowanceActivities } from '../activities/allowance-activities.ts'
import {
  type AllowanceInput,
  type AllowanceResult,
  allowancePeriodOfId,
} from '../shared/contracts/workflows.ts'
import { invalidInput, readInput, readName } from './input.ts'
import { refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'

const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME')
/** A period that has not begun by Postgres's clock is waited for so long: clocks differ, but no more. */
const PATIENCE = '10 minutes'

const { payAllowances, unscheduleWhenUnused } = proxyActivities<AllowanceActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '200 ms', maximumInterval: '10 seconds' },
})

/**
 * Pays a market's allowances with periods of one length, up to the period of the schedule's time, or of this workflow's start when
 * somebody starts it by hand. Each period is paid once, however often that is asked; what was missed is made up for.
 */
export async function allowance(input?: AllowanceInput): Promise<AllowanceResult> {
  const { workflowId, typedSearchAttributes, startTime } = workflowInfo()
  const { marketId: given, periodSeconds: seconds } = readInput(input, ['marketId', 'periodSeconds'])
  const marketId = readName(given, 'marketId', 1)
  const periodSeconds = readPeriod(seconds ?? allowancePeriodOfId(workflowId))
  setSearchAttributes({ marketId }, 'search-attributes')
  const atMs = (typedSearchAttributes.get(SCHEDULED_AT) ?? startTime).getTime()
  try {
    const paid = await payAllowances.executeWithOptions(
      { summary: `pay allowances of market ${marketId}`, scheduleToCloseTimeout: PATIENCE },
      [{ marketId, periodSeconds, atMs }],
    )
    setCurrentDetails(describePayment(marketId, periodSeconds, paid))
    if ('closed' in paid || paid.agents === 0) await unscheduleWhenUnused({ marketId, periodSeconds })
    return paid
  } catch (error) {
    throw refusalOnTop(error)
  }
}

function readPeriod(given: unknown): number {
  if (typeof given !== 'number' || !Number.isSafeInteger(given) || given < 1) {
    throw invalidInput(
      'periodSeconds',
      'must be whole seconds, in the input or in the workflow id allowance/<market>/<seconds>',
    )
  }
  return given
}

function describePayment(marketId: string, periodSeconds: number, paid: AllowanceResult): string {
  if ('closed' in paid) return `**Market ${marketId} is closed**, and pays no allowances.`
  const begun = new Date(paid.period * periodSeconds * 1000).toISOString()
  const whom =
    paid.agents === 0 ? 'nobody: nothing was due' : `${paid.agents} agents, ${paid.amount} credits in all`
  return `**Allowances of market ${marketId}** for the ${periodSeconds} s from ${begun}: ${whom}.`
}
