import { z } from 'zod'
import { serviceField } from '../rpc/service.ts'
import { labelSchema, matcherSchema } from './matcher.ts'
import { ruleChangesSchema } from './rule-changes.ts'
import {
  amountSchema,
  anyoneSchema,
  balanceSchema,
  bundleSchema,
  momentMsSchema,
  otherSchema,
} from './seeded-fields.ts'

const reason = z.string().min(1).max(200)
const service = { provider: otherSchema, service: serviceField }

/** What can be done to a running market. Each is a change of its state by the way an operator or an agent would take. */
export const hookSchema = z.discriminatedUnion('hook', [
  z
    .strictObject({ hook: z.literal('set_prices'), prices: z.record(z.string().max(63), balanceSchema) })
    .describe('posts these prices, which stay frozen'),
  z
    .strictObject({ hook: z.literal('set_rules'), rules: ruleChangesSchema })
    .describe('changes rules of the market'),
  z
    .strictObject({ hook: z.literal('grant'), agent: anyoneSchema, amount: amountSchema, reason })
    .describe('gives an agent new credits'),
  z
    .strictObject({ hook: z.literal('take_credits'), agent: anyoneSchema, amount: amountSchema, reason })
    .describe('takes so many available credits from an agent, or all it has, by an adjustment of the ledger'),
  z
    .strictObject({ hook: z.literal('freeze_agent'), agent: anyoneSchema, reason })
    .describe('lets an agent look and do nothing else'),
  z.strictObject({ hook: z.literal('unfreeze_agent'), agent: anyoneSchema, reason }),
  z
    .strictObject({
      hook: z.literal('take_supply'),
      agent: otherSchema,
      amount: amountSchema,
      bundle: bundleSchema,
    })
    .describe('another agent bids for this, to hold what the agent under test may want'),
  z.strictObject({ hook: z.literal('start_rival'), rival: otherSchema }).describe('a rival begins to bid'),
  z.strictObject({ hook: z.literal('stop_rival'), rival: otherSchema }).describe('a rival bids no more'),
  z
    .strictObject({ hook: z.literal('revoke_leases'), agent: anyoneSchema, refund: z.boolean(), reason })
    .describe("ends an agent's active leases early"),
  z
    .strictObject({ hook: z.literal('fail_service'), ...service })
    .describe('the provider answers every call with failure from now on'),
  z
    .strictObject({ hook: z.literal('restore_service'), ...service })
    .describe('the provider answers as its script says again'),
  z
    .strictObject({
      hook: z.literal('send_message'),
      from: otherSchema,
      to: anyoneSchema,
      text: z.string().min(1).max(4_000),
    })
    .describe('an agent writes to another'),
  z
    .strictObject({
      hook: z.literal('pay'),
      from: otherSchema,
      to: anyoneSchema,
      amount: amountSchema,
      purpose: reason,
    })
    .describe('an agent pays another, from what it has in seeded.agents or seeded.rivals'),
  z.strictObject({ hook: z.literal('pause_market') }).describe('no cycle is cleared'),
  z.strictObject({ hook: z.literal('resume_market') }),
])

export type Hook = z.infer<typeof hookSchema>

/** When something is done: so long after the agent began, or after an event that matches (the `times`th) was seen. */
export const whenSchema = z.union([
  z.strictObject({ after_ms: momentMsSchema }),
  z.strictObject({
    after_event: matcherSchema,
    times: z.number().int().min(1).max(1_000).default(1),
    delay_ms: momentMsSchema.default(0),
  }),
])

export type When = z.infer<typeof whenSchema>

/** A change of the market's state during a trial; done once. */
export const injectionSchema = z.strictObject({
  name: labelSchema,
  when: whenSchema,
  do: hookSchema,
})

export type Injection = z.infer<typeof injectionSchema>
