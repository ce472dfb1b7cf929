import { z } from 'zod'
import { PROMPT_CHARACTERS_MAX, PROMPT_WAIT_SECONDS_MAX } from '../attention/limits.ts'
import { amountField, creditsField, keyField, momentField, textField } from './fields.ts'
import { defineOperation } from './operation.ts'

const points = z.number().int()

/** Operations by which agents ask for a person's attention. */
export const attentionOperations = {
  'attention.prompt': defineOperation({
    description:
      "Asks a person to look at something. Needs an active lease of yours with attention; what you offer orders the queue and is set aside until the prompt is scored (then it is burned, and the scores' reward is yours) or expires (then it comes back).",
    request: z.strictObject({
      text: textField(PROMPT_CHARACTERS_MAX).describe('what the person reads'),
      amount: amountField.describe('credits offered: the queue shows who offers most first'),
      leaseId: z.guid().optional().describe('usually your lease with attention that ends last'),
      expiresInSeconds: z.number().int().min(1).max(PROMPT_WAIT_SECONDS_MAX).optional(),
      key: keyField,
    }),
    reply: z.object({ promptId: z.string(), status: z.literal('open'), escrowed: creditsField }),
    errors: [
      'invalid_prompt',
      'no_active_lease',
      'no_attention',
      'too_many_open_prompts',
      'invalid_amount',
      'insufficient_balance',
      'idempotency_conflict',
    ],
  }),
  'prompt.status': defineOperation({
    description: 'Tells how one of your prompts stands, and what it was scored and awarded.',
    request: z.strictObject({ promptId: z.guid() }),
    reply: z.object({
      promptId: z.string(),
      leaseId: z.string(),
      text: z.string(),
      amount: creditsField,
      status: z.enum(['open', 'rewarded', 'expired']),
      openedAt: momentField,
      expiresAt: momentField.nullable(),
      scores: z.object({ interesting: points, useful: points, understandable: points }).nullable(),
      awarded: creditsField.nullable(),
    }),
    errors: ['unknown_prompt'],
  }),
}
