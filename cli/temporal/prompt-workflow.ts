import type { Client } from '@temporalio/client'
import type { PromptSummary } from '../../shared/attention/attention.ts'
import { type ScoreMessage, updates } from '../../shared/contracts/workflows.ts'
import { callTemporal } from './call-temporal.ts'

const SCORE_WAIT_MS = 30_000

/** Scores a prompt by its workflow, which is started when it is not running. */
export async function scoreByUpdate(
  client: Client,
  taskQueue: string,
  prompt: Pick<PromptSummary, 'promptId' | 'marketId' | 'agent'>,
  message: ScoreMessage,
): Promise<{ awarded: string }> {
  const [{ WithStartWorkflowOperation }, { promptStartOptions }] = await Promise.all([
    import('@temporalio/client'),
    import('../../shared/temporal/start-prompt.ts'),
  ])
  const startWorkflowOperation = new WithStartWorkflowOperation('attentionPrompt', {
    ...promptStartOptions(taskQueue, prompt),
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  const call = () =>
    client.workflow.executeUpdateWithStart<typeof promptType, { awarded: string }, [ScoreMessage]>(
      updates.score,
      { startWorkflowOperation, args: [message] },
    )
  return await callTemporal(client, call, SCORE_WAIT_MS)
}

declare const promptType: (input: { promptId: string }) => Promise<unknown>
