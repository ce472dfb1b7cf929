import { defineSearchAttributeKey } from '@temporalio/common'
import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { PriceActivities } from '../activities/price-activities.ts'
import {
  marketInPriceUpdateId,
  type PriceUpdateInput,
  type PriceUpdateResult,
  priceTaskQueue,
} from '../shared/contracts/workflows.ts'
import { readInput, readName } from './input.ts'
import { refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'

const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME')

/**
 * Moves every posted price of a market by one tick, whose time is that of the schedule, or of this workflow's start
 * when somebody starts it by hand. The same time again moves nothing.
 */
export async function priceUpdate(input?: PriceUpdateInput): Promise<PriceUpdateResult> {
  const { taskQueue, workflowId, typedSearchAttributes, startTime } = workflowInfo()
  const { marketId: given } = readInput(input, ['marketId'])
  const marketId = readName(given ?? marketInPriceUpdateId(workflowId), 'marketId', 1)
  setSearchAttributes({ marketId }, 'search-attributes')
  const tickAt = typedSearchAttributes.get(SCHEDULED_AT) ?? startTime
  const { tickPrices } = proxyActivities<PriceActivities>({
    taskQueue: priceTaskQueue(taskQueue),
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '200 ms', maximumInterval: '5 seconds' },
    summary: `move every price of market ${marketId}`,
  })
  try {
    const ticked = await tickPrices({ marketId, tickMs: tickAt.getTime() })
    setCurrentDetails(describeTick(marketId, ticked))
    return ticked
  } catch (error) {
    throw refusalOnTop(error)
  }
}

function describeTick(marketId: string, ticked: PriceUpdateResult): string {
  if ('closed' in ticked) return `**Market ${marketId} is closed**, and its prices stay as they are.`
  const { tick, applied, prices, before } = ticked
  const what = applied ? `Tick ${tick}` : `Nothing moved: no later than tick ${tick}`
  const lines = Object.entries(prices).map(([resource, price]) => {
    const old = before?.[resource]
    return `- ${resource}: ${old === undefined || old === price ? `${price}, unmoved` : `${old} to ${price}`}`
  })
  return [`**${what} of market ${marketId}**, in credits per 100 % and second:`, '', ...lines].join('\n')
}
