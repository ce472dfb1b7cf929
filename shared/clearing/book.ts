import { z } from 'zod'
import { isDurationSeconds, MAX_DURATION_SECONDS, MIN_DURATION_SECONDS } from '../bundle/bundle.ts'
import { formatCredits, readAmount, readCredits } from '../money/credits.ts'
import { lpBoundMicro } from './bound.ts'
import { type BidTable, type ClearingInput, clear, type Policy } from './clear.ts'

export const MAX_BOOK_BIDS = 1_000_000
export const MAX_BOOK_RESOURCES = 64

const creditsText = z.union([z.string(), z.number()])

const priceMicro = creditsText.transform((input, context) => {
  const credits = readCredits(input)
  if (credits.ok && credits.micro >= 0n && credits.micro <= BigInt(Number.MAX_SAFE_INTEGER))
    return Number(credits.micro)
  context.addIssue(credits.ok ? 'a price is from 0 to 9007199254 credits' : credits.problem)
  return z.NEVER
})

const amountMicro = creditsText.transform((input, context) => {
  const amount = readAmount(input)
  if (amount.ok) return amount.micro
  context.addIssue(amount.problem)
  return z.NEVER
})

const quantity = z.int('a whole number from 0 to 2^53-1').nonnegative('a whole number from 0 to 2^53-1')
const bidId = z.union([z.string().min(1), z.int()])

const bid = z.strictObject({
  id: bidId,
  amount: amountMicro,
  quantities: z.array(quantity),
  durationSeconds: z
    .number()
    .refine(isDurationSeconds, `a whole number from ${MIN_DURATION_SECONDS} to ${MAX_DURATION_SECONDS}`),
})

/**
 * A book outside any market: quantities and supply are integers in one unit per resource (in a market: parts per
 * million), prices are credits per 1,000,000 units and second, and only needed to rank by them. The order of the
 * bids is their order of admission.
 */
export const bookSchema = z
  .strictObject({
    resources: z.array(z.string().min(1)).min(1).max(MAX_BOOK_RESOURCES),
    supply: z.array(quantity),
    prices: z.array(priceMicro).optional(),
    bids: z.array(bid).max(MAX_BOOK_BIDS),
  })
  .superRefine((book, context) => {
    const resources = book.resources.length
    const expectOnePerResource = (path: (string | number)[], length: number) => {
      if (length === resources) return
      context.addIssue({
        code: 'custom',
        path,
        message: `one for each of the ${resources} resources, not ${length}`,
      })
    }
    if (new Set(book.resources).size < resources) {
      context.addIssue({ code: 'custom', path: ['resources'], message: 'names must differ' })
    }
    expectOnePerResource(['supply'], book.supply.length)
    if (book.prices !== undefined) expectOnePerResource(['prices'], book.prices.length)
    const seen = new Set<string>()
    for (const [index, { id, quantities }] of book.bids.entries()) {
      expectOnePerResource(['bids', index, 'quantities'], quantities.length)
      if (seen.has(String(id))) {
        context.addIssue({
          code: 'custom',
          path: ['bids', index, 'id'],
          message: `${JSON.stringify(id)} is there twice`,
        })
      }
      seen.add(String(id))
    }
  })

/** A valid book, money in micro-credits. */
export type Book = z.output<typeof bookSchema>

export type BookProblem = { code: 'invalid_book'; message: string; field: string }

export type BookReading = { ok: true; book: Book } | { ok: false; error: BookProblem }

/** Checks a book from outside; a refusal names the first field that is wrong, as in `bids[3].amount`. */
export function readBook(input: unknown, policy: Policy): BookReading {
  const reading = bookSchema.safeParse(input)
  if (!reading.success) {
    const { path, message } = reading.error.issues[0]!
    const field = fieldName(path)
    return { ok: false, error: { code: 'invalid_book', message: `${field}: ${message}`, field } }
  }
  if (policy === 'posted-price' && reading.data.prices === undefined) {
    const message = 'prices: the policy posted-price ranks by prices, and the book has none'
    return { ok: false, error: { code: 'invalid_book', message, field: 'prices' } }
  }
  return { ok: true, book: reading.data }
}

/** Winners are ids, best first; money is in credits as decimal strings; utilisation is a fraction of supply. */
export type BookClearing = {
  winners: (string | number)[]
  payments: Record<string, string>
  value: string
  utilisation: Record<string, number>
  /** No set of winners can be worth more; the gap is how far the value is below it, as a fraction of it. */
  lpBound: string
  gap: number
}

/** Runs winner determination on a book and says how far its value is from the bound. */
export async function clearBook(book: Book, policy: Policy): Promise<BookClearing> {
  const bids = bidTable(book)
  const pricesMicro = book.prices ?? book.resources.map(() => 0)
  const input: ClearingInput = { bids, supplyPpm: book.supply, pricesMicro, policy }
  const { winners, remainingSupplyPpm, revenueMicro } = clear(input)
  const boundMicro = await lpBoundMicro({
    amountMicro: bids.amountMicro,
    quantities: bids.quantitiesPpm,
    supply: book.supply,
  })
  const won = Array.from(winners, row => book.bids[row]!)
  return {
    winners: won.map(({ id }) => id),
    payments: Object.fromEntries(won.map(({ id, amount }) => [id, formatCredits(amount)])),
    value: formatCredits(revenueMicro),
    utilisation: Object.fromEntries(
      book.resources.map((resource, index) => {
        const supply = book.supply[index]!
        return [resource, supply === 0 ? 0 : (supply - remainingSupplyPpm[index]!) / supply]
      }),
    ),
    lpBound: formatCredits(boundMicro),
    gap: boundMicro === 0n ? 0 : Number(boundMicro - revenueMicro) / Number(boundMicro),
  }
}

function bidTable({ bids, resources }: Book): BidTable {
  const quantitiesPpm = new Float64Array(bids.length * resources.length)
  for (const [row, { quantities }] of bids.entries()) quantitiesPpm.set(quantities, row * resources.length)
  return {
    amountMicro: BigInt64Array.from(bids, ({ amount }) => amount),
    quantitiesPpm,
    durationSeconds: Int32Array.from(bids, ({ durationSeconds }) => durationSeconds),
    firstConsideredCycle: new BigInt64Array(bids.length),
    admissionOrder: BigInt64Array.from(bids.keys(), BigInt),
  }
}

function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'book'
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    return name === '' ? String(part) : `${name}.${String(part)}`
  }, '')
}
