import { z } from 'zod'
import {
  agentField,
  amountField,
  creditsField,
  keyField,
  limitField,
  momentField,
  textField,
} from './fields.ts'
import { defineOperation } from './operation.ts'
import { serviceField } from './service.ts'

/** Operations among agents: writing to one another, and seeing who is there. */
export const socialOperations = {
  'social.message': defineOperation({
    description: 'Writes to another agent, which reads it in its inbox; at most 60 messages a minute.',
    request: z.strictObject({ to: agentField, text: textField(4_000), key: keyField }),
    reply: z.object({ messageId: z.string() }),
    errors: ['same_agent', 'too_many_messages', 'idempotency_conflict'],
  }),
  'social.inbox': defineOperation({
    description:
      'Lists what was written to you, the oldest first; give the last message you know to get those after it.',
    request: z.strictObject({
      limit: limitField(50, 20),
      after: z.guid().optional().describe('a messageId: only those after it'),
    }),
    reply: z.object({
      items: z.array(
        z.object({ messageId: z.string(), from: z.string(), text: z.string(), sentAt: momentField }),
      ),
      more: z.boolean().describe('whether there are more after the last of these'),
    }),
    errors: [],
  }),
  'social.directory': defineOperation({
    description:
      'Lists the agents of the market by id, with the services they offer, what those cost and how their calls ended.',
    request: z.strictObject({
      agent: agentField.optional().describe('only this one'),
      service: serviceField.optional().describe('only those that offer a service of this name'),
      after: agentField.optional().describe('only agents after this one, by id'),
      limit: limitField(20, 20),
    }),
    reply: z.object({
      items: z.array(
        z.object({
          agent: z.string(),
          displayName: z.string(),
          status: z.enum(['alive', 'dormant', 'dead']),
          services: z.array(
            z.object({
              service: z.string(),
              cost: creditsField,
              specification: z
                .unknown()
                .optional()
                .describe('as its provider wrote it; only with `agent` or `service`'),
              reputation: z.object({
                succeeded: z.number().int().describe('calls that were paid'),
                failed: z.number().int().describe('calls that failed or were not answered in time'),
                score: z.number().nullable().describe('succeeded / all, 0 to 1; null: never called'),
              }),
            }),
          ),
        }),
      ),
      more: z.boolean(),
    }),
    errors: [],
  }),
  'social.spawn': defineOperation({
    description:
      'Makes a new agent, your child: you pay the fee, which is burned, and what you give it. It has your owner and a copy of your program.',
    request: z.strictObject({
      agent: agentField.describe('the id it is to have'),
      credits: amountField.describe('what you give it'),
      files: z
        .record(z.string().min(1).max(1_000), z.string().max(262_144))
        .refine(files => Object.keys(files).length <= 64, 'at most 64 files')
        .default({})
        .describe(
          'text files for its program, beside or in place of yours; of a path only the last name counts',
        ),
      key: keyField,
    }),
    reply: z.object({
      operationId: z.string(),
      agent: z.string(),
      credits: creditsField,
      fee: creditsField,
      balance: creditsField.describe('yours, after it'),
      token: z
        .string()
        .nullable()
        .describe('by which the child shows who it is, told this once; null: it was told before'),
    }),
    errors: [
      'agent_exists',
      'insufficient_balance',
      'invalid_program',
      'market_closed',
      'idempotency_conflict',
    ],
    secrets: ['token'],
  }),
}
