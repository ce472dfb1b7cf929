import { CancellationScope, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { MarketActivities } from '../activities/market-activities.ts'
import type { AllocationCycleInput } from '../shared/contracts/workflows.ts'
import type { CycleSummary } from '../shared/economy/economy.ts'
import { describeSettledCycle } from './describe-cycle.ts'
import { invalidInput, readInput, readName } from './input.ts'
import { refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'

const { openCycle, settleCycle } = proxyActivities<MarketActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '100 ms', maximumInterval: '5 seconds' },
})

/**
 * Runs one cycle of a market: opens it (or finds the one that is open), clears and settles it. Startable by hand
 * under any id; a cycle that was settled before answers its outcome again. Cancelled, it is settled nevertheless:
 * which bids take part was decided when it opened, and nobody else can go on before it is over.
 */
export async function allocationCycle(input?: AllocationCycleInput): Promise<CycleSummary> {
  const { marketId, cycle } = readCycleInput(input)
  try {
    return await CancellationScope.nonCancellable(() => runCycle(marketId, cycle))
  } catch (error) {
    throw refusalOnTop(error)
  }
}

async function runCycle(marketId: string, cycle: number | null): Promise<CycleSummary> {
  setSearchAttributes({ marketId, ...(cycle === null ? {} : { cycle }) }, 'search-attributes')
  const opened = await openCycle.executeWithOptions(
    { summary: cycle === null ? 'open the next cycle, or find the open one' : `open cycle ${cycle}` },
    [{ marketId, cycle, run: workflowInfo().runId }],
  )
  setSearchAttributes({ marketId, cycle: opened.cycle }, 'search-attributes-of-opened')
  setCurrentDetails(`**Cycle ${opened.cycle} of market ${marketId}** is open and being cleared.`)
  const outcome = await settleCycle.executeWithOptions(
    { summary: `clear and settle cycle ${opened.cycle}` },
    [{ marketId, cycle: opened.cycle }],
  )
  setCurrentDetails(describeSettledCycle(marketId, outcome))
  return outcome
}

function readCycleInput(input: unknown): { marketId: string; cycle: number | null } {
  const { marketId, cycle } = readInput(input, ['marketId', 'cycle'])
  const number = cycle ?? numberIn(workflowInfo().workflowId)
  if (number !== null && !(Number.isSafeInteger(number) && (number as number) >= 1)) {
    throw invalidInput('cycle', 'must be a whole number from 1, or absent for the open or next cycle')
  }
  return { marketId: readName(marketId, 'marketId', 1), cycle: number as number | null }
}

/** The number in a workflow id such as `cycle/<market>/<n>`, or null. */
function numberIn(workflowId: string): number | null {
  const number = /^cycle\/[^/]+\/(\d{1,15})$/.exec(workflowId)?.[1]
  return number === undefined ? null : Number(number)
}
