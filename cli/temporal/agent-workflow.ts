import type { Client } from '@temporalio/client'
import type { BidVerdict } from '../../shared/bid/admission.ts'
import { searchAttributesOf } from '../../shared/contracts/search-attributes.ts'
import {
  type AgentState,
  agentWorkflowId,
  queries,
  signals,
  updates,
} from '../../shared/contracts/workflows.ts'
import { callTemporal } from './call-temporal.ts'

const VERDICT_WAIT_MS = 30_000

interface AgentPlace {
  taskQueue: string
  marketId: string
  agent: string
}

/** Places a bid by update and waits for its verdict; starts the agent's workflow when it is not running. */
export async function bidByUpdate(client: Client, place: AgentPlace, bid: object): Promise<BidVerdict> {
  const { WithStartWorkflowOperation } = await import('@temporalio/client')
  const startWorkflowOperation = new WithStartWorkflowOperation('agent', {
    ...startOptions(place),
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  const call = () =>
    client.workflow.executeUpdateWithStart<typeof agentType, BidVerdict, [object]>(updates.placeBid, {
      startWorkflowOperation,
      args: [bid],
    })
  return await callTemporal(client, call, VERDICT_WAIT_MS)
}

/** Sends a bid as a signal and does not wait; starts the agent's workflow when it is not running. */
export async function bidBySignal(client: Client, place: AgentPlace, bid: object): Promise<void> {
  await callTemporal(client, () =>
    client.workflow.signalWithStart('agent', {
      ...startOptions(place),
      signal: signals.placeBid,
      signalArgs: [bid],
    }),
  )
}

/** What the agent's workflow tells about itself, with the verdicts of the bids placed under `key` only. */
export async function queryAgent(
  client: Client,
  { marketId, agent }: AgentPlace,
  key: string,
): Promise<AgentState> {
  const handle = client.workflow.getHandle(agentWorkflowId(marketId, agent))
  return await callTemporal(client, () => handle.query<AgentState, [object]>(queries.state, { key }))
}

declare const agentType: (input: { marketId: string; agent: string }) => Promise<unknown>

function startOptions({ taskQueue, marketId, agent }: AgentPlace) {
  return {
    workflowId: agentWorkflowId(marketId, agent),
    taskQueue,
    args: [{ marketId, agent }] as [{ marketId: string; agent: string }],
    staticSummary: `agent ${agent} of market ${marketId}`,
    typedSearchAttributes: searchAttributesOf({ marketId, agent }),
  }
}
