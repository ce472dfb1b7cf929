import { z } from 'zod'

/** How long what may be forgotten is kept. Everything else is kept for ever: docs/operating.md has the whole table. */
export interface RetentionEnvironment {
  /** First outcomes by idempotency key: a repetition within this time answers what the first one did. */
  operationsDays: number
  /** Single calls to models; their sums stay. */
  llmCallsDays: number
  /** Markets of benchmark runs; their verdicts stay. */
  runsDays: number
}

const OPERATIONS_DAYS_DEFAULT = 7
const LLM_CALLS_DAYS_DEFAULT = 90
const RUNS_DAYS_DEFAULT = 90
const DAYS_MAX = 3_650
export const WORKFLOWS_HOURS_DEFAULT = 24
const WORKFLOWS_HOURS_MAX = 87_600

export const retentionVariables = {
  BOURSE_KEEP_OPERATIONS_DAYS: wholeNumber(1, DAYS_MAX, 'days').default(OPERATIONS_DAYS_DEFAULT),
  BOURSE_KEEP_LLM_CALLS_DAYS: wholeNumber(1, DAYS_MAX, 'days').default(LLM_CALLS_DAYS_DEFAULT),
  BOURSE_KEEP_RUNS_DAYS: wholeNumber(1, DAYS_MAX, 'days').default(RUNS_DAYS_DEFAULT),
}

/** Reads the variables above, as they were found. */
export function retentionOf(found: {
  BOURSE_KEEP_OPERATIONS_DAYS: number
  BOURSE_KEEP_LLM_CALLS_DAYS: number
  BOURSE_KEEP_RUNS_DAYS: number
}): RetentionEnvironment {
  return {
    operationsDays: found.BOURSE_KEEP_OPERATIONS_DAYS,
    llmCallsDays: found.BOURSE_KEEP_LLM_CALLS_DAYS,
    runsDays: found.BOURSE_KEEP_RUNS_DAYS,
  }
}

/** How long the local stack's own Temporal keeps finished workflows, in hours. Throws when it is no such number. */
export function workflowRetentionHours(env: Record<string, string | undefined>): number {
  const variable = 'BOURSE_KEEP_WORKFLOWS_HOURS'
  const read = wholeNumber(1, WORKFLOWS_HOURS_MAX, 'hours').safeParse(
    env[variable] || String(WORKFLOWS_HOURS_DEFAULT),
  )
  if (!read.success) throw new Error(`${variable} ${read.error.issues[0]!.message}`)
  return read.data
}

function wholeNumber(least: number, most: number, unit: string) {
  return z
    .string()
    .regex(/^\d{1,6}$/, `is not a whole number of ${unit}`)
    .transform(Number)
    .refine(value => value >= least && value <= most, `is not from ${least} to ${most} ${unit}`)
}
