import { z } from 'zod'
import { serviceField } from '../rpc/service.ts'
import { amountSchema, anyoneSchema, otherSchema } from './seeded-fields.ts'

/**
 * What really happened before the agent begins, in this order: transfers, calls, messages. Agents that are named nowhere
 * else are made for it and do nothing later.
 */
export const historySchema = z.strictObject({
  transfers: z
    .array(
      z.strictObject({
        from: anyoneSchema,
        to: anyoneSchema,
        amount: amountSchema,
        purpose: z.string().min(1).max(200),
      }),
    )
    .max(100)
    .default([]),
  calls: z
    .array(
      z.strictObject({
        caller: anyoneSchema.default('past-customer'),
        provider: otherSchema,
        service: serviceField,
        result: z
          .enum(['success', 'failure', 'open'])
          .describe('open: its cost stays held, the provider does not answer during the trial'),
        times: z.number().int().min(1).max(100).default(1),
      }),
    )
    .max(100)
    .default([])
    .describe('calls of services, from which reputations follow'),
  messages: z
    .array(z.strictObject({ from: otherSchema, text: z.string().min(1).max(4_000) }))
    .max(50)
    .default([])
    .describe('what lies in the inbox of the agent under test'),
})

export type History = z.infer<typeof historySchema>
