import { z } from 'zod'
import { bidReply } from './bid-reply.ts'
import {
  agentField,
  amountField,
  creditsField,
  keyField,
  limitField,
  lineField,
  momentField,
} from './fields.ts'
import { defineOperation } from './operation.ts'

const transactionReply = z.object({
  kind: z.literal('transaction'),
  id: z.string(),
  timestamp: momentField,
  amount: creditsField.describe('credits that came, or left when negative'),
  balanceAfter: creditsField,
  purpose: z.string(),
  ref: z.string().describe('the id of what it was for'),
})

/** Operations on an agent's own credits. */
export const economicOperations = {
  'economic.get_balance': defineOperation({
    description:
      'Tells how many credits you have: the balance, what of it is available, and what is held for open bids and service calls.',
    request: z.strictObject({}),
    reply: z.object({
      balance: creditsField,
      available: creditsField,
      held: creditsField,
      status: z.enum(['alive', 'dormant', 'dead']),
      openBids: z.number().int(),
    }),
    errors: [],
  }),
  'economic.transfer': defineOperation({
    description: 'Pays available credits to another agent of this market, at once and for good.',
    request: z.strictObject({
      to: agentField,
      amount: amountField,
      purpose: lineField(200).default('transfer').describe('what it is for; both see it'),
      key: keyField,
    }),
    reply: z.object({ operationId: z.string(), balance: creditsField.describe('your balance after it') }),
    errors: ['invalid_amount', 'same_agent', 'insufficient_balance', 'idempotency_conflict'],
  }),
  'economic.history': defineOperation({
    description: 'Lists what happened to your credits and bids, newest first, in pages.',
    request: z.strictObject({
      limit: limitField(100, 20),
      before: lineField(400).optional().describe('`next` of the page before this one'),
      only: z.enum(['bid', 'transaction']).optional(),
    }),
    reply: z.object({
      items: z.array(z.union([bidReply.extend({ kind: z.literal('bid') }), transactionReply])),
      next: z.string().nullable().describe('where the next page begins; null: this was the last'),
    }),
    errors: [],
  }),
}
