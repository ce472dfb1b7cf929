import { z } from 'zod'
import { type Outcome, refuse } from '../economy/refusal.ts'
import { readMoney } from '../llm/money.ts'
import { judgeSchema, SCRIPTED_JUDGE } from './judge.ts'

export const TRIALS_MAX = 100
/** One suite's history holds the beginnings and ends of so many trials. */
export const TRIALS_PER_RUN_MAX = 2_000
export const PARALLEL_MAX = 32

const runId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,23}$/, 'must be 1 to 24 of a-z, 0-9 and "-"')
const label = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be the id of a scenario')

/** What a run of scenarios is asked to be. The Temporal UI sends it as one JSON object. */
export const runRequestSchema = z.strictObject({
  runId: runId.optional(),
  scenarios: z
    .array(label)
    .min(1)
    .max(500)
    .optional()
    .describe('ids of scenarios/; without it the whole catalogue'),
  agent: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the name of a file in agents/')
    .default('reference')
    .describe('agents/<name>.json'),
  trials: z.number().int().min(1).max(TRIALS_MAX).default(1).describe('of each scenario'),
  judges: z
    .array(
      z
        .union([
          z
            .string()
            .min(1)
            .max(200)
            .transform(model => ({ model })),
          judgeSchema,
        ])
        .pipe(judgeSchema),
    )
    .min(1)
    .max(7)
    .default([judgeSchema.parse({ model: SCRIPTED_JUDGE })])
    .refine(
      judges => new Set(judges.map(judge => judge.model)).size === judges.length,
      'a judge stands there twice',
    ),
  selfJudged: z
    .boolean()
    .default(false)
    .describe('allows a judge that is the same model as the agent under test'),
  parallel: z.number().int().min(1).max(PARALLEL_MAX).default(4).describe('trials at once'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2_147_483_647)
    .default(0)
    .describe('of variants; 0: scenarios as written'),
  maxCost: z
    .string()
    .refine(text => readMoney(text) !== null, 'must be a decimal from 0 with at most 6 fraction digits')
    .nullable()
    .default(null)
    .describe('money: no further trial begins once the models have cost as much'),
})

export type RunRequest = z.infer<typeof runRequestSchema>

/** Reads what a run is asked to be; a refusal names the field. */
export function readRunRequest(content: unknown): Outcome<{ request: RunRequest }> {
  const read = runRequestSchema.safeParse(content ?? {})
  if (read.success) return { ok: true, request: read.data }
  const issue = read.error.issues[0]!
  const keys = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys : []
  const field = [...issue.path, ...keys.slice(0, 1)].map(String).join('.') || 'input'
  const problem =
    issue.code === 'unrecognized_keys' ? `is not known: allowed are ${allowed()}` : issue.message
  return refuse('invalid_input', `${field}: ${problem}`, field)
}

function allowed(): string {
  return Object.keys(runRequestSchema.shape).join(', ')
}
