import { z } from 'zod'
import { eventTypes } from '../events/registry.ts'
import { NAME_PATTERN } from '../market/name-pattern.ts'
import { isOperationName } from '../rpc/operations.ts'
import { constraintSchema, isComparison } from './constraint.ts'
import { MODEL_CALL } from './measured-metrics.ts'

/** The most conditions a matcher has in one of its fields. */
const CONDITIONS_MAX = 32
const WITHIN_MS_MAX = 604_800_000

const DATA_KEY = /^data(?:\.(?:[A-Za-z0-9_-]{1,64}|\*)){1,12}$/
const PATH = /^(?:[A-Za-z0-9_-]{1,64}|\*)(?:\.(?:[A-Za-z0-9_-]{1,64}|\*)){0,12}$/

/** A name that other parts of a scenario refer to. */
export const labelSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "_", starting with a letter')

const plainSchema = z.union([z.string().max(4_000), z.number(), z.boolean(), z.null()])

/** What a value must equal, or a list of which it must equal one. */
export const literalSchema = z.union([plainSchema, z.array(plainSchema).min(1).max(CONDITIONS_MAX)])
export type Literal = z.infer<typeof literalSchema>

const pathSchema = z
  .string()
  .regex(PATH, 'must be a path into the data of the event, such as total_cost or bundle.cpu')
  .describe(
    'a dotted path into the data of the event, `*` for any item of a list; a leading `data.` may stand there',
  )

/** A comparison, or what the value equals. Text that begins with <, >, == or != is a comparison. */
const whereValueSchema = z.union([
  constraintSchema,
  literalSchema.refine(
    literal => [literal].flat().every(one => typeof one !== 'string' || !isComparison(one)),
    'begins like a comparison, which it is not: see docs/scenarios.md',
  ),
])

/** As above, or several comparisons, of which all must hold. */
const constraintValueSchema = z.union([
  z.array(constraintSchema).min(1).max(CONDITIONS_MAX),
  ...whereValueSchema.options,
])

function bounded<Schema extends z.ZodType>(values: Schema) {
  return z
    .record(pathSchema, values)
    .refine(record => Object.keys(record).length <= CONDITIONS_MAX, `has more than ${CONDITIONS_MAX} entries`)
}

const typeNames = Object.keys(eventTypes) as [string, ...string[]]

/** Which events are meant. Without `agent` only those of the agent under test, and those of nobody. */
export interface Matcher {
  type: string
  agent?: string | undefined
  tool_name?: string | undefined
  contains?: string | undefined
  where?: Record<string, Literal> | undefined
  constraints?: Record<string, Literal> | undefined
  occurrence?: 'first' | 'last' | undefined
  label?: string | undefined
  within_ms?: number | undefined
  [data: `data.${string}`]: Literal
}

const fields = {
  type: z.enum(typeNames).describe('a type of event; `bourse events schema` lists them'),
  agent: z
    .union([z.enum(['self', 'any', 'others']), z.string().regex(NAME_PATTERN)])
    .optional()
    .describe(
      'whose: self (the agent under test, and events that are about no agent; usual), any, others, or an agent by its id',
    ),
  tool_name: z.string().min(1).max(100).optional().describe('of tool_call_initiated and tool_call_completed'),
  contains: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('some text in the data contains this, whatever the case of its letters'),
  where: bounded(whereValueSchema)
    .optional()
    .describe('which events are meant, by path: a comparison, a value, or a list of values'),
  constraints: bounded(constraintValueSchema)
    .optional()
    .describe(
      'what must be true of the event, by path: a comparison, several of which all hold, a value, or a list of values',
    ),
  occurrence: z
    .enum(['first', 'last'])
    .optional()
    .describe(
      'only the first or the last of the events that are meant may hold; the constraints do not choose it',
    ),
  label: labelSchema.optional().describe('a name for the event that is found'),
  within_ms: z
    .number()
    .int()
    .min(1)
    .max(WITHIN_MS_MAX)
    .optional()
    .describe("milliseconds from the agent's first call, by the events' timestamps"),
}

/** Describes events. Keys such as `data.decision` say what a value of the data equals. */
export const matcherSchema: z.ZodType<Matcher> = z
  .object(fields)
  .catchall(literalSchema)
  .superRefine((matcher, context) => {
    for (const key of Object.keys(matcher)) {
      if (Object.hasOwn(fields, key) || DATA_KEY.test(key)) continue
      context.addIssue({ code: 'unrecognized_keys', keys: [key], input: matcher })
    }
    for (const [path, literal] of dataLiterals(matcher as Matcher)) {
      if (![literal].flat().some(one => typeof one === 'string' && isComparison(one))) continue
      context.addIssue({
        code: 'custom',
        path: [`data.${path}`],
        message:
          'is a comparison, and here stands what the value equals: comparisons stand in where or constraints',
      })
    }
    const { tool_name: tool } = matcher
    if (tool !== undefined && !isOperationName(tool) && tool !== MODEL_CALL) {
      context.addIssue({
        code: 'custom',
        path: ['tool_name'],
        message: `there is no operation ${JSON.stringify(tool)}: docs/rpc.md lists them, and ${MODEL_CALL} is a call of a model`,
      })
    }
    const isCall = matcher.type === 'tool_call_initiated' || matcher.type === 'tool_call_completed'
    if (matcher.tool_name !== undefined && !isCall) {
      context.addIssue({
        code: 'custom',
        path: ['tool_name'],
        message: `${matcher.type} has no tool_name; tool_call_initiated and tool_call_completed have`,
      })
    }
  })
  .meta({ id: 'matcher', description: 'which events are meant' }) as z.ZodType<Matcher>

/** What a matcher says by its keys `data.*`, by path. */
export function dataLiterals(matcher: Matcher): [path: string, literal: Literal][] {
  return Object.entries(matcher)
    .filter(([key]) => DATA_KEY.test(key))
    .map(([key, literal]): [string, Literal] => [key.slice('data.'.length), literal])
}
