import { type Outcome, refuse } from '../economy/refusal.ts'
import { type MarketRules, rulesSchema } from './rules.ts'

/** The rules after changing some by name, and which differ. A rule that is unknown or out of bounds is refused. */
export function changeRules(
  current: MarketRules,
  changes: unknown,
): Outcome<{ rules: MarketRules; changed: (keyof MarketRules)[] }> {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) {
    return refuse('invalid_rules', 'rules: an object of rules by name, such as {"cycleSeconds": 2}', 'rules')
  }
  const read = rulesSchema.safeParse({ ...current, ...changes })
  if (!read.success) {
    const issue = read.error.issues[0]!
    const field = issue.path.join('.')
    const allowed = Object.keys(rulesSchema.shape).join(', ')
    const message = field === '' ? `${issue.message}: rules are ${allowed}` : `${field}: ${issue.message}`
    return refuse('invalid_rules', message, field || 'rules')
  }
  const names = Object.keys(rulesSchema.shape) as (keyof MarketRules)[]
  return { ok: true, rules: read.data, changed: names.filter(name => read.data[name] !== current[name]) }
}
