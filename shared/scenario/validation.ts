import { z } from 'zod'
import { conditionsSchema, metricSchema, stepsSchema, timedStepsSchema } from './condition.ts'
import { constraintSchema } from './constraint.ts'
import { labelSchema, literalSchema, matcherSchema } from './matcher.ts'

const CHECKS_MAX = 64
const CRITERIA_MAX = 16
const matchers = z.array(matcherSchema).min(1).max(CHECKS_MAX)
const thresholdSchema = z.number().min(1).max(5)
/** A metric that a measuring command prints. */
const sampledSchema = labelSchema
const percentSchema = z
  .string()
  .regex(/^>=? ?(?:0|[1-9]\d{0,3})(?:\.\d{1,6})?%$/, 'must be such as ">= 10%"')
  .describe('at least so much better than before; whether more or less is better stands in `metrics`')

const directionSchema = z.enum(['lower', 'higher']).describe('which is better')

const criteriaSchema = z
  .union([
    z
      .array(labelSchema)
      .min(1)
      .max(CRITERIA_MAX)
      .refine(names => new Set(names).size === names.length, 'a criterion stands there twice'),
    z
      .record(labelSchema, z.string().min(1).max(1_000))
      .refine(
        criteria => Object.keys(criteria).length >= 1 && Object.keys(criteria).length <= CRITERIA_MAX,
        `must be 1 to ${CRITERIA_MAX} criteria`,
      ),
  ])
  .describe('what judges score from 1 to 5: names, or by name what is meant, in words for them')

const judgeSchema = z.strictObject({
  criteria: criteriaSchema,
  pass_threshold: thresholdSchema.default(3).describe('the mean of the criteria, over all judges, at least'),
})

/** How a trial is judged: from its events alone. Every check that is named must hold, and the success condition too. */
export const validationSchema = z.strictObject({
  required_events: matchers.optional().describe('each must be there, in whatever order'),
  required_event_sequence: z
    .union([stepsSchema, timedStepsSchema])
    .optional()
    .describe('in this order, other events between them allowed'),
  forbidden_events: matchers.optional().describe('none may be there'),
  ordering_constraints: z
    .array(
      z
        .string()
        .max(200)
        .regex(
          /^[A-Za-z0-9_.-]{1,64} BEFORE [A-Za-z0-9_.-]{1,64}$/,
          'must be such as "data_fetch BEFORE analysis"',
        ),
    )
    .min(1)
    .max(CHECKS_MAX)
    .optional()
    .describe('names are labels, types of events, operations or services, looked for in this order'),
  conditions: conditionsSchema
    .optional()
    .describe('by name, what success_condition may combine; on their own they decide nothing'),
  resource_consumption: z
    .partialRecord(metricSchema, constraintSchema)
    .optional()
    .describe('measures of the trial, compared'),
  output_validation: z
    .strictObject({
      label: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('of the result handed in under this label; usual: any'),
      schema_conformance: z.boolean().default(true).describe('it is what the task.output_schema says'),
      data_integration: z
        .literal('all_sources_represented')
        .optional()
        .describe(
          'every seeded service was called with success before, and the result says something that it tells: what `expects` says of it or, when that says nothing, a value of its answers',
        ),
      expects: z
        .array(z.strictObject({ source: labelSchema, path: z.string().max(300), is: literalSchema }))
        .max(CHECKS_MAX)
        .default([])
        .describe('what must stand where in it; `source` is the service that tells it'),
      texts: z
        .array(
          z.strictObject({ name: labelSchema, any_of: z.array(z.string().min(1).max(200)).min(1).max(20) }),
        )
        .max(CHECKS_MAX)
        .default([])
        .describe('some text in it contains one of these, whatever the case of its letters'),
      words_max: z
        .number()
        .int()
        .min(1)
        .max(100_000)
        .optional()
        .describe('words in all its texts together, at most'),
    })
    .optional()
    .describe('about the result that was handed in last'),
  output_quality: z
    .strictObject({
      type: z.literal('llm_judge'),
      criterion: labelSchema,
      means: z
        .string()
        .min(1)
        .max(1_000)
        .optional()
        .describe('what the criterion means, in words for judges'),
      threshold: thresholdSchema.default(3),
    })
    .optional()
    .describe('one criterion that judges score from 1 to 5'),
  judge_evaluation: judgeSchema.optional(),
  performance_comparison: z
    .strictObject({
      metrics: z
        .record(
          sampledSchema,
          z.strictObject({
            better: directionSchema,
            improvement: percentSchema.optional().describe('of the mean; none: it must not be worse'),
          }),
        )
        .refine(
          metrics => Object.keys(metrics).length >= 1 && Object.keys(metrics).length <= 16,
          'must be 1 to 16 metrics',
        ),
    })
    .optional()
    .describe('the program as changed against the program as seeded, by measured runs'),
  statistical_significance: z
    .strictObject({
      num_trials: z.number().int().min(2).max(100).describe('runs of each, at least'),
      confidence_level: z.number().min(0.5).max(0.9999),
    })
    .optional()
    .describe('each improvement of performance_comparison is no accident, by a one-sided Welch test'),
  improvement_validation: z
    .strictObject({
      metric: sampledSchema,
      baseline: z.number().describe('what it is before, as the task tells'),
      target: constraintSchema.describe('what the mean of the changed program must be'),
    })
    .optional(),
  performance_validation: z
    .strictObject({
      objectives: z
        .record(
          sampledSchema,
          z.strictObject({ weight: z.number().min(0.000001).max(1), better: directionSchema }),
        )
        .refine(
          objectives =>
            Math.abs(Object.values(objectives).reduce((sum, one) => sum + one.weight, 0) - 1) < 1e-9,
          'weights must add up to 1',
        ),
      weighted_score_improvement: percentSchema,
      no_objective_regression: z.boolean().default(true),
    })
    .optional()
    .describe('several metrics together, each weighed'),
  success_condition: z
    .string()
    .min(1)
    .max(1_000)
    .describe('AND, OR, NOT and comparisons over named results; docs/scenarios.md lists the names'),
})

export type Validation = z.infer<typeof validationSchema>
