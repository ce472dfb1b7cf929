import { z } from 'zod'
import { bundleReply } from './bid-reply.ts'
import { limitField, lineField, momentField } from './fields.ts'
import { defineOperation } from './operation.ts'

/** Operations on leases. */
export const leaseOperations = {
  'lease.list': defineOperation({
    description:
      'Lists the leases that are yours, the last to begin first: what capacity you have, from when to when.',
    request: z.strictObject({
      ended: z.boolean().default(false).describe('true: those that ended too'),
      limit: limitField(100, 20),
      before: lineField(200).optional().describe('`next` of the page before this one'),
    }),
    reply: z.object({
      items: z.array(
        z.object({
          leaseId: z.string(),
          bidId: z.string(),
          payer: z.string(),
          cycle: z.number().int(),
          bundle: bundleReply,
          startsAt: momentField,
          endsAt: momentField,
          status: z.enum(['active', 'ended', 'revoked']),
        }),
      ),
      next: z.string().nullable(),
    }),
    errors: [],
  }),
  'lease.token': defineOperation({
    description:
      'Gives you a token for one of your active leases: with it your program reaches the market and the models within what the lease has, until it ends. Each time it is another; the newest eight are good.',
    request: z.strictObject({ leaseId: z.guid() }),
    reply: z.object({ leaseId: z.string(), token: z.string(), endsAt: momentField }),
    errors: ['unknown_lease', 'lease_ended'],
    secrets: ['token'],
  }),
}
