import { refuse } from '../../shared/economy/refusal.ts'
import { type MarketSettings, marketSettingsSchema, rulesSchema } from '../../shared/market/rules.ts'
import { refused } from '../command-failure.ts'

/**
 * Reads a market's settings: `{"displayName", "resources", "rules"}`, where rules may also stand at the top. What is
 * wrong is refused by its name.
 */
export function readMarketSettings(input: unknown, displayName?: string): MarketSettings {
  const named = displayName === undefined ? {} : { displayName }
  const read = marketSettingsSchema.safeParse(
    isObject(input) ? { ...withRulesTogether(input), ...named } : input,
  )
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]!
  const field = path.join('.') || 'settings'
  throw refused(refuse('invalid_rules', `${field}: ${message}`, field).error)
}

function withRulesTogether(input: Record<string, unknown>): Record<string, unknown> {
  const isRule = ([name]: [string, unknown]) => Object.hasOwn(rulesSchema.shape, name)
  const entries = Object.entries(input)
  const rulesAtTop = Object.fromEntries(entries.filter(isRule))
  if (Object.keys(rulesAtTop).length === 0) return input
  const rest = Object.fromEntries(entries.filter(entry => !isRule(entry)))
  if (rest.rules !== undefined && !isObject(rest.rules)) return rest
  return { ...rest, rules: { ...rulesAtTop, ...(rest.rules as object | undefined) } }
}

function isObject(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
