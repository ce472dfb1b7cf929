import { z } from 'zod'
import { bidRequestSchema } from '../bid/bid-request.ts'
import { bundleReply } from './bid-reply.ts'
import { creditsField, momentField } from './fields.ts'
import { defineOperation } from './operation.ts'

const perResource = z.record(z.string(), z.number()).describe('fractions of capacity by resource')
const priceSource = z.enum(['live', 'last_known', 'floor'])

const cycleReply = z.object({
  cycle: z.number().int(),
  effectiveAt: momentField,
  winners: z.number().int(),
  losers: z.number().int(),
  leftWaiting: z.number().int(),
  revenue: creditsField,
  supply: perResource,
  demand: perResource,
  utilisation: perResource,
  prices: z.record(z.string(), creditsField),
  priceSource,
  priceAgeSeconds: z.number().nullable(),
  cutoffScore: z.string().nullable(),
})

/** Operations on the market itself: looking, asking what a bundle costs, bidding. */
export const marketOperations = {
  'market.state': defineOperation({
    description:
      'Tells how the market stands: resources with capacity, what is leased and the posted price, rules, how many bids wait, and the last cycle.',
    request: z.strictObject({}),
    reply: z.object({
      marketId: z.string(),
      displayName: z.string(),
      status: z.enum(['open', 'paused', 'closing', 'closed']),
      resources: z.array(
        z.object({
          name: z.string(),
          unit: z.string(),
          capacity: z.string(),
          leased: z.number().describe('fraction of capacity'),
          price: creditsField.describe('posted, credits per 100 % of capacity and second'),
        }),
      ),
      rules: z.record(z.string(), z.unknown()),
      pendingBids: z.number().int(),
      activeLeases: z.number().int(),
      priceSource,
      priceAgeSeconds: z.number().nullable(),
      lastCycle: cycleReply.nullable(),
      now: momentField.describe("the market's clock"),
    }),
    errors: [],
  }),
  'market.quote': defineOperation({
    description:
      'Tells what a bundle costs at the posted prices, the least that is admitted for it, whether it fits into what is free now, and how recent cycles cut off.',
    request: z.strictObject({ bundle: bidRequestSchema.shape.bundle }),
    reply: z.object({
      bundle: bundleReply,
      postedCost: creditsField,
      reserve: creditsField.describe('the lowest amount admitted'),
      fitsNow: z.boolean().describe('whether all of it is free at this moment'),
      free: perResource,
      policy: z.enum(['highest-bid', 'posted-price']),
      cycleSeconds: z.number().describe('a cycle runs at most once in this time'),
      priceSource,
      priceAgeSeconds: z.number().nullable(),
      recentCycles: z.array(
        cycleReply.pick({
          cycle: true,
          effectiveAt: true,
          winners: true,
          losers: true,
          utilisation: true,
          cutoffScore: true,
        }),
      ),
    }),
    errors: ['invalid_bundle'],
  }),
  'market.bid': defineOperation({
    description:
      'Offers credits for a bundle: fractions of capacity for a number of seconds, all of it or nothing. Answers at once whether the bid is in the book; a notice tells later whether it won. The amount is held until then.',
    request: bidRequestSchema,
    reply: z.object({ bidId: z.string(), status: z.literal('pending'), held: creditsField }),
    errors: [
      'invalid_bid',
      'market_closed',
      'rate_limited',
      'too_many_open_bids',
      'invalid_bundle',
      'below_reserve',
      'insufficient_balance',
      'idempotency_conflict',
    ],
    readByHandler: true,
  }),
  'market.cancel_bid': defineOperation({
    description:
      'Takes one of your pending bids out of the book and releases what it held. Asked again, it answers the same.',
    request: z.strictObject({ bidId: z.guid() }),
    reply: z.object({ bidId: z.string(), status: z.literal('cancelled'), released: creditsField }),
    errors: ['unknown_bid', 'bid_not_open'],
  }),
}
