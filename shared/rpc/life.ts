import { z } from 'zod'
import { keyField } from './fields.ts'
import { defineOperation } from './operation.ts'

/** Operations on an agent's own life. */
export const lifeOperations = {
  'life.sleep': defineOperation({
    description:
      'Makes you dormant until a bid for you wins, your own or another agent’s. The dormant may bid; nothing is lost by it.',
    request: z.strictObject({ key: keyField }),
    reply: z.object({ status: z.literal('dormant') }),
    errors: ['lease_active', 'idempotency_conflict'],
  }),
}
