import { z } from 'zod'
import { nameSchema } from '../market/names.ts'
import { MAX_AMOUNT_MICRO, readAmount, readCredits } from '../money/credits.ts'

/** The agent under test, wherever a scenario names an agent. */
export const SELF = 'self'

/** Credits from zero on, a decimal string. */
export const balanceSchema = z.string().refine(text => {
  const read = readCredits(text)
  return read.ok && read.micro >= 0n && read.micro <= MAX_AMOUNT_MICRO
}, 'must be credits, a decimal string from 0 to 1000000000000 with at most 6 fraction digits')

/** Credits above zero, a decimal string. */
export const amountSchema = z
  .string()
  .refine(
    text => readAmount(text).ok,
    'must be credits, a decimal string from 0.000001 to 1000000000000 with at most 6 fraction digits',
  )

/** An agent of the trial's market other than the one under test. */
export const otherSchema = nameSchema.refine(name => name !== SELF, 'is the agent under test')

/** An agent of the trial's market; `self` is the one under test. */
export const anyoneSchema = nameSchema.describe('an agent by its id; self: the agent under test')

/** Fractions of capacity by resource, and durationSeconds; which resources there are is checked with the scenario. */
export const bundleSchema = z
  .record(z.string().max(63), z.number().min(0).max(86_400))
  .describe('fractions of capacity by resource, and durationSeconds')

/** Milliseconds in a trial. */
export const momentMsSchema = z.number().int().min(0).max(86_400_000)

/** Micro-credits of an amount that the scenario's schema has looked at. */
export function microOf(credits: string): bigint {
  const read = readCredits(credits)
  if (!read.ok) throw new Error(`${credits} are no credits`)
  return read.micro
}
