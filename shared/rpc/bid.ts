import { z } from 'zod'
import { bidReply } from './bid-reply.ts'
import { defineOperation } from './operation.ts'

/** Operations on single bids. */
export const bidOperations = {
  'bid.get': defineOperation({
    description:
      'Tells how one of your bids stands, whether you pay for it or it is for you, and the lease it won.',
    request: z.strictObject({ bidId: z.guid() }),
    reply: bidReply.extend({ leaseId: z.string().nullable() }),
    errors: ['unknown_bid'],
  }),
}
