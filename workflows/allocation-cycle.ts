import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { MarketActivities } from '../activities/market-activities.ts'
import type { AllocationCycleInput } from '../shared/contracts/workflows.ts'
import type { CycleSummary } from '../shared/economy/economy.ts'
import { invalidInput, readInput, readName } from './input.ts'

const { openCycle, settleCycle } = proxyActivities<MarketActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '100 ms', maximumInterval: '5 seconds' },
})

/**
 * Runs one cycle of a market: opens it (or finds the one that is open), clears and settles it. Startable by hand
 * under any id; a cycle that was settled before answers its outcome again.
 */
export async function allocationCycle(input?: AllocationCycleInput): Promise<CycleSummary> {
  const { marketId, cycle } = readCycleInput(input)
  const opened = await openCycle({ marketId, cycle, run: workflowInfo().runId })
  setCurrentDetails(`Cycle ${opened.cycle} of market ${marketId} is open.`)
  const outcome = await settleCycle({ marketId, cycle: opened.cycle })
  setCurrentDetails(describeCycle(marketId, outcome))
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

function describeCycle(marketId: string, outcome: CycleSummary): string {
  const { cycle, winners, losers, revenue, priceSource } = outcome
  return `Cycle ${cycle} of market ${marketId}: ${winners} won, ${losers} were outbid, ${revenue} credits paid, prices ${priceSource}.`
}
