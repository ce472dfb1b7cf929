import type { Client } from '@temporalio/client'
import { marketWorkflowId } from '../../shared/contracts/workflows.ts'
import { callTemporal } from './call-temporal.ts'

/** Workflows are looked at this many at a time. */
const AT_A_TIME = 16

/** Of these markets, those whose workflow is not running. */
export async function findOrphans(client: Client, marketIds: readonly string[]): Promise<string[]> {
  const orphans: string[] = []
  for (let start = 0; start < marketIds.length; start += AT_A_TIME) {
    const some = marketIds.slice(start, start + AT_A_TIME)
    const running = await Promise.all(some.map(marketId => isRunning(client, marketId)))
    orphans.push(...some.filter((_, place) => !running[place]))
  }
  return orphans
}

async function isRunning(client: Client, marketId: string): Promise<boolean> {
  try {
    const { status } = await callTemporal(client, () =>
      client.workflow.getHandle(marketWorkflowId(marketId)).describe(),
    )
    return status.name === 'RUNNING'
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return false
    throw error
  }
}
