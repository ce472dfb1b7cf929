import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { LlmActivities } from '../../activities/llm-activities.ts'

const { completeChat } = proxyActivities<LlmActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '5 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 hour' },
})

/** Asks a model once; without a delay that was told, a failure would be tried again in an hour. */
export async function askModel(input: Parameters<LlmActivities['completeChat']>[0]) {
  return await completeChat(input)
}
