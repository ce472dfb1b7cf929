import { z } from 'zod'
import { constraintSchema } from './constraint.ts'
import { labelSchema, literalSchema, matcherSchema } from './matcher.ts'
import { METRIC_NAMES } from './measured-metrics.ts'

const STEPS_MAX = 32
const GAP_MS_MAX = 604_800_000
const millisecondsSchema = z.number().int().min(1).max(GAP_MS_MAX)

export const stepsSchema = z.array(matcherSchema).min(1).max(STEPS_MAX)

const timeBounds = {
  within_ms: millisecondsSchema.optional().describe('milliseconds from the first step to the last, at most'),
  max_gap_ms: millisecondsSchema.optional().describe('milliseconds from one step to the next, at most'),
}

/** Steps in order, other events between them allowed. */
export const timedStepsSchema = z.strictObject({ events: stepsSchema, ...timeBounds })

/** The names of measures as files may write them. */
export const metricSchema = z.enum(METRIC_NAMES)

/** What may hold or not, for `success_condition` to combine. */
export const conditionSchema = z.union([
  z
    .strictObject({
      event: matcherSchema,
      count: constraintSchema.optional().describe('how many events hold, such as "==1"; usual: at least one'),
    })
    .describe('an event that matches is there'),
  z.strictObject({ no_event: matcherSchema }).describe('no event matches'),
  z.strictObject({ sequence: timedStepsSchema }).describe('events match in this order'),
  z.strictObject({ order: z.string().max(200) }).describe('"A BEFORE B", as in ordering_constraints'),
  z.strictObject({ resource: metricSchema, is: constraintSchema }).describe('a measure compares so'),
  z
    .strictObject({
      output: z.string().max(300).describe('a path into the result that was handed in last'),
      is: z.union([constraintSchema, literalSchema]),
      label: z.string().min(1).max(200).optional().describe('of the result handed in under this label'),
    })
    .describe('the result says so'),
])

export type Condition = z.infer<typeof conditionSchema>
export type TimedSteps = z.infer<typeof timedStepsSchema>
export const conditionsSchema = z
  .record(labelSchema, conditionSchema)
  .refine(conditions => Object.keys(conditions).length <= 32, 'has more than 32 conditions')
