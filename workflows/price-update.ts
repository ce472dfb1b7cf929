import { defineSearchAttributeKey } from '@temporalio/common'
import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { PriceActivities } from '../activities/price-activities.ts'
import {
  marketInPriceUpdateId,
  type PriceUpdateInput,
  priceTaskQueue,
} from '../shared/contracts/workflows.ts'
import type { PriceTick } from '../shared/economy/economy.ts'
import { readInput, readName } from './input.ts'

const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME')

/**
 * Moves every posted price of a market by one tick, whose time is that of the schedule, or of this workflow's start
 * when somebody starts it by hand. The same time again moves nothing.
 */
export async function priceUpdate(input?: PriceUpdateInput): Promise<PriceTick> {
  const { taskQueue, workflowId, typedSearchAttributes, startTime } = workflowInfo()
  const { marketId: given } = readInput(input, ['marketId'])
  const marketId = readName(given ?? marketInPriceUpdateId(workflowId), 'marketId', 1)
  const tickAt = typedSearchAttributes.get(SCHEDULED_AT) ?? startTime
  const { tickPrices } = proxyActivities<PriceActivities>({
    taskQueue: priceTaskQueue(taskQueue),
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '200 ms', maximumInterval: '5 seconds' },
  })
  const ticked = await tickPrices({ marketId, tickMs: tickAt.getTime() })
  setCurrentDetails(describeTick(marketId, ticked))
  return ticked
}

function describeTick(marketId: string, { tick, applied, prices }: PriceTick): string {
  const posted = Object.entries(prices).map(([resource, price]) => `${resource} ${price}`)
  const what = applied ? `Tick ${tick}` : `Nothing moved: no later than tick ${tick}`
  return `${what} of market ${marketId}. Posted: ${posted.join(', ')}.`
}
