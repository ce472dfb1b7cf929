import { z } from 'zod'
import { rulesSchema } from '../../shared/market/rules.ts'

/** A rule of a market as `market schema` tells it. */
export interface ListedRule {
  name: string
  type: string
  default: unknown
  minimum: number | null
  maximum: number | null
  multipleOf: number | null
  choices: string[] | null
  nullable: boolean
  unit: string | null
  description: string
}

interface Property {
  type?: string | string[]
  minimum?: number
  maximum?: number
  multipleOf?: number
  enum?: string[]
  anyOf?: Property[]
  description?: string
}

/** The word a description begins with when the rule is counted in something. */
const UNIT = /^(bids per second|bids|seconds|credits|fraction)\b/

/** Every rule with its default, bounds and unit, read off the schema that judges them. */
export function listRules(): ListedRule[] {
  const schema = z.toJSONSchema(rulesSchema, { io: 'input' })
  const defaults: Record<string, unknown> = rulesSchema.parse({})
  return Object.entries(schema.properties as Record<string, Property>).map(([name, property]) => {
    const variants = property.anyOf ?? [property]
    const bounded = variants.find(variant => variant.type !== 'null') ?? property
    const types = variants.flatMap(variant => variant.type ?? []).filter(type => type !== 'null')
    const description = property.description ?? ''
    return {
      name,
      type: bounded.enum ? 'choice' : types.join(' or '),
      default: defaults[name] ?? null,
      minimum: bounded.minimum ?? null,
      maximum: bounded.maximum ?? null,
      multipleOf: bounded.multipleOf ?? null,
      choices: bounded.enum ?? null,
      nullable: variants.some(variant => variant.type === 'null'),
      unit: UNIT.exec(description)?.[1] ?? null,
      description,
    }
  })
}

/** What a rule may be, in a few words. */
export function allowedValues(rule: ListedRule): string {
  if (rule.choices) return rule.choices.join(' | ')
  const { minimum, maximum, multipleOf } = rule
  const range = minimum === null || maximum === null ? rule.type : `${minimum} to ${maximum}`
  const steps = multipleOf === null ? '' : ` by ${multipleOf}`
  return `${range}${steps}${rule.nullable ? ', or null' : ''}`
}
