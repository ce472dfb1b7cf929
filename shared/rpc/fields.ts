import { z } from 'zod'
import { PLAIN_TEXT, PLAIN_TEXT_RULE } from '../economy/plain-text.ts'
import { nameSchema } from '../market/names.ts'
import { readAmount } from '../money/credits.ts'

/** Fields that several operations share; each describes itself to people and to models. */

/** Credits to be paid or offered, read as micro-credits. */
export const amountField = z
  .union([z.string().max(40), z.number()], 'must be credits: a number, or a decimal string')
  .transform((given, context) => {
    const read = readAmount(given)
    if (read.ok) return read.micro
    context.addIssue({ code: 'custom', message: read.problem })
    return z.NEVER
  })
  .describe(
    'credits: a decimal string with at most 6 fraction digits, or a number that says exactly the same',
  )

/** Credits as every reply gives them. */
export const creditsField = z.string().describe('credits, a decimal string')

export const agentField = nameSchema.describe('the id of an agent of this market')

/** One line of text. */
export function lineField(charactersMax: number) {
  return z.string().regex(PLAIN_TEXT, PLAIN_TEXT_RULE).min(1).max(charactersMax)
}

/** Text of several lines. */
export function textField(charactersMax: number) {
  return z.string().min(1).max(charactersMax)
}

export const keyField = lineField(200)
  .optional()
  .describe('idempotency key: the same request again under it answers what was answered first')

/** How many items a page has at most, with what is usual. */
export function limitField(most: number, usual: number) {
  return z.number().int().min(1).max(most).default(usual).describe('items: at most so many')
}

export const momentField = z.iso.datetime().describe('ISO 8601 time')
