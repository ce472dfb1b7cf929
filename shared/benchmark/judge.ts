import { z } from 'zod'

/** The judge that decides by fixed rules; a report with it is unofficial. */
export const SCRIPTED_JUDGE = 'scripted'

/** Who judges, and how it is asked. */
export const judgeSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(200)
    .describe(`a model that the proxy serves, or "${SCRIPTED_JUDGE}": fixed rules instead of a model`),
  temperature: z.number().min(0).max(2).default(0.3),
  maxOutputTokens: z.number().int().min(100).max(20_000).default(2_000),
  seconds: z.number().int().min(1).max(600).default(120).describe('that one answer may take'),
})

export type Judge = z.infer<typeof judgeSchema>

/** A judge may give a readable answer in so many tries. */
export const JUDGE_TRIES_MAX = 3

export function isScripted({ model }: Pick<Judge, 'model'>): boolean {
  return model === SCRIPTED_JUDGE
}
