import { z } from 'zod'
import { PLAIN_TEXT, PLAIN_TEXT_RULE } from '../economy/plain-text.ts'
import { nameSchema } from '../market/names.ts'
import { readAmount } from '../money/credits.ts'
import { readTraceparent } from '../trace/traceparent.ts'
import { MAX_BIDS_PER_MESSAGE } from './bids-per-message.ts'

const plainText = z.string().regex(PLAIN_TEXT, PLAIN_TEXT_RULE)

/** What a caller sends to place a bid; the bundle is judged against the market's resources later. */
export const bidRequestSchema = z.strictObject({
  amount: z
    .union(
      [z.string().max(40), z.number()],
      'must be credits: a number, or a decimal string of at most 40 characters',
    )
    .describe(
      'credits offered: a decimal string with at most 6 fraction digits, or a number that says the same',
    ),
  bundle: z
    .record(
      plainText.max(100),
      z.union([z.number(), plainText.max(40)], 'must be a number or a decimal string'),
      'must be an object such as {"cpu": 0.1, "durationSeconds": 10}',
    )
    .describe(
      'by the name of a resource of the market a fraction of its capacity, 0 to 1 with at most 6 fraction digits, and at least one above 0; and durationSeconds, a whole number from 1 to 86400. For example {"cpu": 0.1, "durationSeconds": 10}',
    ),
  key: plainText
    .min(1)
    .max(200)
    .optional()
    .describe('idempotency key: the same bid again under it answers what was answered first'),
  onBehalfOf: nameSchema.optional().describe('the agent that gets the lease; you pay'),
  goodTillCancelled: z
    .boolean()
    .optional()
    .describe('true: outbid, it stays in the book until it wins, expires or is cancelled'),
  expiresAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('ISO 8601 time at which it leaves the book'),
  traceparent: z
    .string()
    .max(200)
    .refine(
      text => readTraceparent(text) !== null,
      'must be a W3C traceparent: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>',
    )
    .optional()
    .describe('W3C trace context in which the bid is followed'),
})

export interface BidRequest {
  amountMicro: bigint
  bundle: Record<string, number | string>
  key: string | null
  onBehalfOf: string | null
  goodTillCancelled: boolean
  expiresAtMs: number | null
  /** The trace its sender follows it in; null: as its way in tells. */
  traceparent: string | null
}

export type ReadBidRequest = { ok: true; request: BidRequest } | { ok: false; field: string; problem: string }

/** Reads a bid from untrusted input; needs no database. A problem names the field and what is allowed. */
export function readBidRequest(input: unknown): ReadBidRequest {
  const misread = whatItIsInstead(input)
  if (misread !== null) return { ok: false, ...misread }
  const parsed = bidRequestSchema.safeParse(input)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    return { ok: false, field: issue.path.join('.') || 'bid', problem: issue.message }
  }
  const { amount, bundle, key, onBehalfOf, goodTillCancelled, expiresAt, traceparent } = parsed.data
  const credits = readAmount(amount)
  if (!credits.ok) return { ok: false, field: 'amount', problem: credits.problem }
  return {
    ok: true,
    request: {
      amountMicro: credits.micro,
      bundle,
      key: key ?? null,
      onBehalfOf: onBehalfOf ?? null,
      goodTillCancelled: goodTillCancelled ?? false,
      expiresAtMs: expiresAt === undefined ? null : Date.parse(expiresAt),
      traceparent: traceparent ?? null,
    },
  }
}

/** What input is that a caller may have meant otherwise, and that the schema would call a bid without an amount. */
function whatItIsInstead(input: unknown): { field: string; problem: string } | null {
  if (typeof input !== 'object' || input === null) return null
  if ('unreadable' in input)
    return { field: 'message', problem: `cannot be read: ${String(input.unreadable)}` }
  if ('bids' in input) {
    return { field: 'bids', problem: `must be a list of 1 to ${MAX_BIDS_PER_MESSAGE} bids, and stand alone` }
  }
  const bundle = 'bundle' in input ? input.bundle : null
  if (typeof bundle === 'object' && bundle !== null && Object.hasOwn(bundle, '__proto__')) {
    return { field: 'bundle.__proto__', problem: 'is not a resource' }
  }
  return null
}
