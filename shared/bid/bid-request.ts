import { z } from 'zod'
import { PLAIN_TEXT, PLAIN_TEXT_RULE } from '../economy/plain-text.ts'
import { nameSchema } from '../market/names.ts'
import { readAmount } from '../money/credits.ts'

const plainText = z.string().regex(PLAIN_TEXT, PLAIN_TEXT_RULE)

/** What a caller sends to place a bid; the bundle is judged against the market's resources later. */
const bidRequestSchema = z.strictObject({
  amount: z.union([z.string().max(40), z.number()]),
  bundle: z.record(plainText.max(100), z.union([z.number(), plainText.max(40)])),
  key: plainText.min(1).max(200).optional(),
  onBehalfOf: nameSchema.optional(),
  goodTillCancelled: z.boolean().optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
})

export interface BidRequest {
  amountMicro: bigint
  bundle: Record<string, number | string>
  key: string | null
  onBehalfOf: string | null
  goodTillCancelled: boolean
  expiresAtMs: number | null
}

export type ReadBidRequest = { ok: true; request: BidRequest } | { ok: false; field: string; problem: string }

/** Reads a bid from untrusted input; needs no database. A problem names the field and what is allowed. */
export function readBidRequest(input: unknown): ReadBidRequest {
  const parsed = bidRequestSchema.safeParse(input)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    return { ok: false, field: issue.path.join('.') || 'bid', problem: issue.message }
  }
  const { amount, bundle, key, onBehalfOf, goodTillCancelled, expiresAt } = parsed.data
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
    },
  }
}
