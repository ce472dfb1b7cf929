import { z } from 'zod'
import { creditsField, momentField } from './fields.ts'

export const bundleReply = z
  .record(z.string(), z.number())
  .describe('fractions of capacity by resource, and durationSeconds')

/** A bid as its payer and its beneficiary see it. */
export const bidReply = z.object({
  bidId: z.string(),
  timestamp: momentField,
  payer: z.string(),
  beneficiary: z.string(),
  amount: creditsField,
  bundle: bundleReply,
  status: z.enum(['pending', 'winning', 'outbid', 'cancelled', 'expired', 'completed']),
  goodTillCancelled: z.boolean(),
  expiresAt: momentField.nullable(),
  via: z.string(),
  actor: z.string(),
  cycle: z.number().int().nullable().describe('the cycle that decided it'),
  rank: z.number().int().nullable(),
  score: z.string().nullable(),
})
