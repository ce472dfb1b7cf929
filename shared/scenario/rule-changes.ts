import { z } from 'zod'
import { type MarketRules, rulesSchema } from '../market/rules.ts'

const withoutDefaults = Object.fromEntries(
  Object.entries(rulesSchema.shape).map(([name, rule]) => [
    name,
    (rule instanceof z.ZodDefault ? rule.removeDefault() : rule).optional(),
  ]),
)

/** Some rules of a market by name; those that are not named stay as they are. */
export const ruleChangesSchema = z.strictObject(withoutDefaults) as unknown as z.ZodType<
  Partial<MarketRules>,
  Record<string, unknown>
>
