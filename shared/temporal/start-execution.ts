import { context } from '@opentelemetry/api'
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { searchAttributesOf } from '../contracts/search-attributes.ts'
import { executionWorkflowId } from '../contracts/workflows.ts'
import type { DueExecution } from '../execution/executions.ts'
import { contextOf } from '../telemetry/trace-context.ts'
import { withDeadline } from './connect.ts'

/** Starts the workflow of one execution. */
export type StartExecution = (marketId: string, execution: DueExecution) => Promise<void>

/** Starts executions' workflows in the trace of their leases, each once: one that was started before, over or not, is left as it is. */
export function createExecutionStarter(client: Client, taskQueue: string): StartExecution {
  return async (marketId, { leaseId, agent, traceparent }) => {
    try {
      await context.with(contextOf(traceparent), () =>
        withDeadline(client, () =>
          client.workflow.start('execution', {
            workflowId: executionWorkflowId(leaseId),
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            taskQueue,
            args: [],
            staticSummary: `program of agent ${agent} in market ${marketId}`,
            typedSearchAttributes: searchAttributesOf({ marketId, agent }),
          }),
        ),
      )
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
  }
}
