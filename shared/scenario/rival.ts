import { z } from 'zod'
import { amountSchema, balanceSchema, bundleSchema, momentMsSchema, otherSchema } from './seeded-fields.ts'

const bid = { amount: amountSchema, bundle: bundleSchema }

/** How a rival bids: by a script, so that a trial can be done again. */
export const strategySchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('repeat'),
      ...bid,
      every_ms: z.number().int().min(100).max(3_600_000),
      times: z.number().int().min(1).max(1_000).default(1_000),
    })
    .describe('the same bid again and again, the first at once'),
  z
    .strictObject({
      kind: z.literal('sequence'),
      bids: z
        .array(z.strictObject({ after_ms: momentMsSchema, ...bid }))
        .min(1)
        .max(200),
    })
    .describe('bids at their times, milliseconds from when the rival begins'),
])

/** An agent that really bids against the one under test. */
export const rivalSchema = z.strictObject({
  id: otherSchema,
  balance: balanceSchema,
  strategy: strategySchema,
  begins: z
    .enum(['at_start', 'when_injected'])
    .default('at_start')
    .describe('with the agent under test, or when an injection (start_rival) says so'),
})

export type Rival = z.infer<typeof rivalSchema>
export type Strategy = z.infer<typeof strategySchema>
