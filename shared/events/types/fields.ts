import { z } from 'zod'

export const agentName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
/** An amount of credits: exact, at most six digits after the point. */
export const credits = z
  .string()
  .regex(/^-?\d+(\.\d{1,6})?$/)
  .describe('credits, an exact decimal string with at most 6 fraction digits')
export const moment = z.iso.datetime().describe('ISO 8601, UTC')
export const fraction = z.number().min(0)
export const perResource = z.record(z.string(), fraction)
export const score = z.string().regex(/^\d+$/)
export const actor = z.string().describe('who asked for it, as far as the way in knows')
export const bundle = z
  .record(z.string(), z.number().min(0))
  .describe(
    'by resource the fraction of its capacity (0 to 1, whole millionths; absent: 0), and durationSeconds, a whole number',
  )
