import type { Client } from '@temporalio/client'
import { searchAttributesOf } from '../../shared/contracts/search-attributes.ts'
import { marketWorkflowId, signals, updates } from '../../shared/contracts/workflows.ts'
import type { CycleSummary, MarketStatus } from '../../shared/economy/economy.ts'
import { callTemporal } from './call-temporal.ts'

/** A cycle over a full book takes seconds; an answer after this time is not waited for. */
const UPDATE_WAIT_MS = 30_000
const STEP_WAIT_MS = 180_000

/** Tells a market's workflow to look for work, and starts it when it is not running. */
export async function startMarketWorkflow(
  client: Client,
  taskQueue: string,
  marketId: string,
): Promise<void> {
  await callTemporal(client, () =>
    client.workflow.signalWithStart('market', {
      ...startOptions(taskQueue, marketId),
      signal: signals.look,
      signalArgs: [],
    }),
  )
}

/** Pauses, resumes or closes a market by its workflow, which is started when it is not running. */
export async function changeMarket(
  client: Client,
  taskQueue: string,
  marketId: string,
  change: 'pause' | 'resume' | 'close',
): Promise<MarketStatus> {
  return await update(client, taskQueue, marketId, updates[change], UPDATE_WAIT_MS)
}

/** Runs one cycle of a market now, paused or not. */
export async function stepMarket(client: Client, taskQueue: string, marketId: string): Promise<CycleSummary> {
  return await update(client, taskQueue, marketId, updates.step, STEP_WAIT_MS)
}

async function update<T>(
  client: Client,
  taskQueue: string,
  marketId: string,
  name: string,
  waitMs: number,
): Promise<T> {
  const { WithStartWorkflowOperation } = await import('@temporalio/client')
  const startWorkflowOperation = new WithStartWorkflowOperation('market', {
    ...startOptions(taskQueue, marketId),
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  const call = () =>
    client.workflow.executeUpdateWithStart<typeof marketType, T, []>(name, { startWorkflowOperation })
  return await callTemporal(client, call, waitMs)
}

declare const marketType: (input: { marketId: string }) => Promise<void>

function startOptions(taskQueue: string, marketId: string) {
  return {
    workflowId: marketWorkflowId(marketId),
    taskQueue,
    args: [{ marketId }] as [{ marketId: string }],
    staticSummary: `market ${marketId}`,
    typedSearchAttributes: searchAttributesOf({ marketId }),
  }
}
