import { z } from 'zod'
import { MAX_RESOURCES, resourceSchema } from '../market/rules.ts'
import { historySchema } from './history.ts'
import { rivalSchema } from './rival.ts'
import { ruleChangesSchema } from './rule-changes.ts'
import { balanceSchema, otherSchema } from './seeded-fields.ts'
import { serviceSchema } from './service.ts'
import { workspaceSchema } from './workspace.ts'

/** What is really so in the trial's market; an agent finds it out by asking. */
export const seededSchema = z.strictObject({
  balance: balanceSchema.describe('credits that the agent under test has when it begins, after the history'),
  resources: z.array(resourceSchema).min(1).max(MAX_RESOURCES).optional(),
  rules: ruleChangesSchema
    .default({})
    .describe('rules of the market that differ from the usual; calls are always observed'),
  prices: z
    .record(z.string().max(63), balanceSchema)
    .optional()
    .describe('posted prices by resource, frozen: credits per 100 % of capacity and second'),
  agents: z
    .array(z.strictObject({ id: otherSchema, balance: balanceSchema.default('0') }))
    .max(50)
    .default([])
    .describe(
      'agents that are there and do nothing by themselves, such as those that messages come from or go to',
    ),
  services: z.array(serviceSchema).max(50).default([]),
  rivals: z.array(rivalSchema).max(50).default([]),
  history: historySchema.default(historySchema.parse({})),
  workspace: workspaceSchema.optional(),
})

export type Seeded = z.infer<typeof seededSchema>

/** How a trial begins: what is so, and what is only said. */
export const initialStateSchema = z.strictObject({
  seeded: seededSchema,
  told: z
    .record(z.string().max(100), z.unknown())
    .default({})
    .describe('the situation as task.get tells it, and nothing else knows it'),
})
