import type { Attention, PromptStatus, PromptSummary } from '../shared/attention/attention.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** What the `attentionPrompt` workflow asks and does. */
export interface AttentionActivities {
  findPrompt(input: { promptId: string }): Promise<PromptSummary>
  scorePrompt(input: { promptId: string; scores: unknown; actor: string }): Promise<{ awarded: string }>
  expirePrompt(input: { promptId: string }): Promise<{ status: PromptStatus }>
}

/** Makes the activities of prompts. */
export function createAttentionActivities({ attention }: { attention: Attention }): AttentionActivities {
  return {
    async findPrompt({ promptId }) {
      const { ok: _ok, ...prompt } = acceptedOrFail(await attention.findPrompt(promptId))
      return prompt
    },
    async scorePrompt(request) {
      const { awarded } = acceptedOrFail(await attention.scorePrompt(request))
      return { awarded }
    },
    async expirePrompt({ promptId }) {
      const { status } = acceptedOrFail(await attention.expirePrompt(promptId))
      return { status }
    },
  }
}
