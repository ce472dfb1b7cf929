import { z } from 'zod'
import { serviceField } from '../rpc/service.ts'
import { amountSchema, momentMsSchema, otherSchema } from './seeded-fields.ts'

/** What a scripted provider answers to one call. */
export const serviceAnswerSchema = z.strictObject({
  ok: z.boolean().default(true).describe('false: it fails, and the caller has its credits back'),
  result: z.unknown().default(null).describe('what the caller gets'),
  delay_ms: momentMsSchema.default(0),
})

/** A service that an agent of the market really offers and answers. */
export const serviceSchema = z.strictObject({
  provider: otherSchema,
  service: serviceField,
  cost: amountSchema,
  specification: z.unknown().default({}).describe('as social.directory shows it'),
  answers: z
    .array(serviceAnswerSchema)
    .max(100)
    .describe(
      'by call: the first, the second and so on, the last one again and again; none: it never answers',
    ),
})

export type SeededService = z.infer<typeof serviceSchema>
