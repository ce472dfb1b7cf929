import { z } from 'zod'

/** The most runs of a program that a measurement tells of. */
export const SAMPLES_MAX = 100

const sampleSchema = z.record(z.string().max(100), z.number())

/**
 * What the platform found about a changed program. It stands as `test_results` in the data of `code_change_applied`, and
 * in `response` of the completed call `test.run`, in this shape.
 */
export const testResultsSchema = z.object({
  outcome: z.enum(['all_passed', 'some_failed']),
  tests: z.array(z.object({ name: z.string(), passed: z.boolean() })),
  /** One object of metrics for each run: of the program as it was seeded, and as it is now. */
  baseline: z.array(sampleSchema).max(SAMPLES_MAX).optional(),
  modified: z.array(sampleSchema).max(SAMPLES_MAX).optional(),
})

export type TestResults = z.infer<typeof testResultsSchema>
