import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { AttentionActivities } from '../activities/attention-activities.ts'
import type { PromptSummary } from '../shared/attention/attention.ts'
import {
  type AttentionPromptInput,
  promptWorkflowId,
  queries,
  type ScoreMessage,
  updates,
} from '../shared/contracts/workflows.ts'
import { describePrompt } from './describe-prompt.ts'
import { invalidInput, readInput, requireWorkflowId } from './input.ts'
import { refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'

const { findPrompt, scorePrompt, expirePrompt } = proxyActivities<AttentionActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '100 ms', maximumInterval: '5 seconds' },
})

export const score = defineUpdate<{ awarded: string }, [unknown?]>(updates.score)
export const state = defineQuery<PromptSummary | null>(queries.state)

/** Workers' clocks decide nothing: a prompt that this run finds due too early is looked at again after so long. */
const LOOK_AGAIN_MS = 1_000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * A request for a person's attention: it waits for its scores as long as it takes, or until it expires. Whether it is
 * open is read from Postgres; a cancel takes nothing back, for a prompt is ended by its scores or its time alone.
 */
export async function attentionPrompt(input?: AttentionPromptInput): Promise<PromptSummary> {
  const promptId = readPromptId(input)
  requireWorkflowId(promptWorkflowId(promptId))
  try {
    return await CancellationScope.nonCancellable(() => wait(promptId))
  } catch (error) {
    throw refusalOnTop(error)
  }
}

async function wait(promptId: string): Promise<PromptSummary> {
  let prompt: PromptSummary | null = null
  const look = async () => {
    prompt = await findPrompt.executeWithOptions({ summary: 'how does the prompt stand?' }, [{ promptId }])
    setCurrentDetails(describePrompt(prompt))
    return prompt
  }
  setHandler(score, message => CancellationScope.nonCancellable(() => giveScores(promptId, message, look)), {
    validator: requireScores,
    description:
      'Score the prompt, once: {"interesting": 7, "useful": 8, "understandable": 6}, whole numbers from 0 to 10.',
  })
  setHandler(state, () => prompt, { description: 'The prompt and how it stands. Takes nothing.' })

  let seen = await look()
  setSearchAttributes({ marketId: seen.marketId, agent: seen.agent }, 'search-attributes')
  while (seen.status === 'open') {
    const isResolved = () => prompt !== null && prompt.status !== 'open'
    if (seen.expiresAt === null) await condition(isResolved)
    else {
      const waitMs = Math.max(LOOK_AGAIN_MS, Date.parse(seen.expiresAt) - Date.now())
      const inTime = await condition(isResolved, waitMs, { summary: 'until the prompt expires' })
      if (!inTime) await expirePrompt.executeWithOptions({ summary: 'is its time over?' }, [{ promptId }])
    }
    seen = await look()
  }
  await condition(allHandlersFinished)
  return seen
}

async function giveScores(
  promptId: string,
  message: unknown,
  look: () => Promise<PromptSummary>,
): Promise<{ awarded: string }> {
  const { actor = 'operator', ...scores } = message as ScoreMessage
  try {
    const scored = await scorePrompt.executeWithOptions({ summary: 'award the scores' }, [
      { promptId, scores, actor },
    ])
    await look()
    return scored
  } catch (error) {
    throw refusalOnTop(error)
  }
}

/** What is not an object of scores is refused before it enters the history; their values are the economy's to judge. */
function requireScores(message?: unknown): void {
  const { actor } = readInput(message, ['interesting', 'useful', 'understandable', 'actor'])
  if (message === undefined || message === null) {
    throw invalidInput('input', 'must be {"interesting": 7, "useful": 8, "understandable": 6}')
  }
  if (actor !== undefined && (typeof actor !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(actor))) {
    throw invalidInput('actor', 'must be a name of 1 to 200 visible ASCII characters, or absent')
  }
}

function readPromptId(input: unknown): string {
  const { promptId } = readInput(input, ['promptId'])
  const id = promptId ?? workflowInfo().workflowId.replace(/^prompt\//, '')
  if (typeof id !== 'string' || !UUID.test(id)) {
    throw invalidInput(
      'promptId',
      'must be the id of a prompt, in the input or in the workflow id prompt/<id>',
    )
  }
  return id
}
