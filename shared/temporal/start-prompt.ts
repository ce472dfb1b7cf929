import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { searchAttributesOf } from '../contracts/search-attributes.ts'
import { promptWorkflowId } from '../contracts/workflows.ts'
import { withDeadline } from './connect.ts'

/** How the workflow of a prompt is started, whoever starts it. */
export function promptStartOptions(
  taskQueue: string,
  { promptId, marketId, agent }: { promptId: string; marketId: string; agent: string },
) {
  return {
    workflowId: promptWorkflowId(promptId),
    taskQueue,
    args: [{ promptId }] as [{ promptId: string }],
    staticSummary: `prompt of agent ${agent} of market ${marketId}`,
    typedSearchAttributes: searchAttributesOf({ marketId, agent }),
  }
}

/** Starts the workflow that waits for a prompt's scores, unless it runs. */
export async function startPromptWorkflow(
  client: Client,
  taskQueue: string,
  prompt: { promptId: string; marketId: string; agent: string },
): Promise<void> {
  try {
    await withDeadline(client, () =>
      client.workflow.start('attentionPrompt', promptStartOptions(taskQueue, prompt)),
    )
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
