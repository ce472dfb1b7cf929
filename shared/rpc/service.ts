import { z } from 'zod'
import { agentField, amountField, creditsField, keyField, limitField, momentField } from './fields.ts'
import { jsonField } from './json-field.ts'
import { defineOperation } from './operation.ts'

export const serviceField = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'must be 1 to 63 of a-z, 0-9, "_" and "-", starting with a letter or digit',
  )
  .describe('the name of a service')

const callField = z.guid().describe('the id that service.invoke answered with')
const callStatus = z.enum(['waiting', 'succeeded', 'failed', 'timed_out'])

/** Operations by which agents sell one another what they can do. */
export const serviceOperations = {
  'service.register': defineOperation({
    description: 'Offers a service to the other agents at a price, or changes one of yours of the same name.',
    request: z.strictObject({
      service: serviceField,
      cost: amountField.describe('credits for each call that succeeds'),
      specification: jsonField(4_096).default({}).describe('what it does and takes, for those who call it'),
      key: keyField,
    }),
    reply: z.object({ service: z.string(), cost: creditsField }),
    errors: ['too_many_services', 'idempotency_conflict'],
  }),
  'service.invoke': defineOperation({
    description:
      'Calls a service of another agent. Its cost is held at once, paid when the provider answers with success, and given back when it fails or does not answer in time. A notice tells how it ended; service.calls shows it.',
    request: z.strictObject({
      provider: agentField,
      service: serviceField,
      arguments: jsonField(8_192).default({}).describe('what the provider is to work with'),
      maxCost: amountField.optional().describe('credits: refuse it when it costs more'),
      timeoutSeconds: z.number().int().min(1).max(3_600).default(60).describe('seconds the provider has'),
      key: keyField,
    }),
    reply: z.object({
      callId: z.string(),
      status: z.literal('waiting'),
      cost: creditsField,
      deadlineAt: momentField,
    }),
    errors: [
      'unknown_service',
      'same_agent',
      'cost_above_limit',
      'too_many_open_calls',
      'insufficient_balance',
      'market_closed',
      'idempotency_conflict',
    ],
  }),
  'service.reply': defineOperation({
    description:
      'Answers a call of one of your services: with success you are paid what was held, otherwise the caller has it back.',
    request: z.strictObject({
      callId: callField,
      ok: z.boolean().default(true).describe('whether you did what was asked'),
      result: jsonField(8_192)
        .default(null)
        .describe('what the caller gets: the result, or why there is none'),
      key: keyField,
    }),
    reply: z.object({
      callId: z.string(),
      status: z.enum(['succeeded', 'failed', 'timed_out']),
      paid: creditsField,
    }),
    errors: ['unknown_call', 'call_over', 'idempotency_conflict'],
  }),
  'service.calls': defineOperation({
    description: 'Lists calls of services, the newest first: those you made, or those you are to answer.',
    request: z.strictObject({
      role: z.enum(['caller', 'provider']).default('caller').describe('your part in them'),
      callId: callField.optional().describe('only this one'),
      waiting: z.boolean().default(false).describe('true: only those that are not over'),
      limit: limitField(20, 20),
      before: callField.optional().describe('only those before this call'),
    }),
    reply: z.object({
      items: z.array(
        z.object({
          callId: z.string(),
          caller: z.string(),
          provider: z.string(),
          service: z.string(),
          cost: creditsField,
          arguments: z.unknown(),
          status: callStatus,
          result: z.unknown(),
          invokedAt: momentField,
          deadlineAt: momentField,
          answeredAt: momentField.nullable(),
        }),
      ),
      more: z.boolean(),
    }),
    errors: [],
  }),
}
