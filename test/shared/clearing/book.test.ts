import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clearBook, readBook } from '../../../shared/clearing/book.ts'
import { lpBoundMicro } from '../../../shared/clearing/bound.ts'

const book = {
  resources: ['cpu', 'memory'],
  supply: [1_000_000, 1_000_000],
  prices: ['1', 2.5],
  bids: [
    { id: 'a', amount: '25', quantities: [600_000, 100_000], durationSeconds: 10 },
    { id: 'b', amount: 24, quantities: [500_000, 100_000], durationSeconds: 10 },
    { id: 'c', amount: '3.5', quantities: [400_000, 100_000], durationSeconds: 1 },
  ],
}

async function cleared(input: unknown, policy: 'highest-bid' | 'posted-price') {
  const reading = readBook(input, policy)
  if (!reading.ok) throw new Error(reading.error.message)
  return clearBook(reading.book, policy)
}

describe('a book from outside', () => {
  it('is cleared by amount', async () => {
    const clearing = await cleared(book, 'highest-bid')
    expect(clearing).toMatchObject({
      winners: ['a', 'c'],
      payments: { a: '25', c: '3.5' },
      value: '28.5',
      utilisation: { cpu: 1, memory: 0.2 },
      lpBound: '44.833333',
    })
    expect(clearing.gap).toBeCloseTo(1 - 28.5 / 44.833333, 9)
  })

  it('is cleared by score', async () => {
    expect(await cleared(book, 'posted-price')).toMatchObject({ winners: ['c', 'b'], value: '27.5' })
  })

  it('needs prices only to rank by them', () => {
    const { prices: _, ...unpriced } = book
    expect(readBook(unpriced, 'highest-bid').ok).toBe(true)
    expect(readBook(unpriced, 'posted-price')).toMatchObject({
      error: { code: 'invalid_book', field: 'prices' },
    })
  })

  it('takes quantities far beyond a million, exactly', async () => {
    const most = Number.MAX_SAFE_INTEGER
    const large = {
      resources: ['bytes'],
      supply: [most],
      bids: [
        { id: 1, amount: '1', quantities: [most - 1], durationSeconds: 1 },
        { id: 2, amount: '0.5', quantities: [2], durationSeconds: 1 },
        { id: 3, amount: '0.4', quantities: [1], durationSeconds: 1 },
      ],
    }
    expect(await cleared(large, 'highest-bid')).toMatchObject({ winners: [1, 3], value: '1.4' })
  })

  it('clears an empty book, and one without supply', async () => {
    expect(await cleared({ ...book, bids: [] }, 'highest-bid')).toMatchObject({
      winners: [],
      value: '0',
      lpBound: '0',
      gap: 0,
    })
    expect(await cleared({ ...book, supply: [0, 0] }, 'highest-bid')).toMatchObject({
      winners: [],
      lpBound: '0',
      utilisation: { cpu: 0, memory: 0 },
    })
  })

  const [first] = book.bids
  it.each([
    ['book', null],
    ['book', { ...book, extra: 1 }],
    ['resources', { ...book, resources: ['cpu', 'cpu'] }],
    ['supply', { ...book, supply: [1] }],
    ['supply[0]', { ...book, supply: [1.5, 1] }],
    ['supply[1]', { ...book, supply: [1, 2 ** 53] }],
    ['prices', { ...book, prices: ['1'] }],
    ['prices[0]', { ...book, prices: ['-1', '1'] }],
    ['bids[0].amount', { ...book, bids: [{ ...first, amount: '0' }] }],
    ['bids[0].amount', { ...book, bids: [{ ...first, amount: 1e-7 }] }],
    ['bids[0].quantities', { ...book, bids: [{ ...first, quantities: [1] }] }],
    ['bids[0].quantities[1]', { ...book, bids: [{ ...first, quantities: [1, -1] }] }],
    ['bids[0].durationSeconds', { ...book, bids: [{ ...first, durationSeconds: 0 }] }],
    ['bids[1].id', { ...book, bids: [first, first] }],
  ])('is refused with the field that is wrong: %s', (field, input) => {
    expect(readBook(input, 'highest-bid')).toMatchObject({
      ok: false,
      error: { code: 'invalid_book', field },
    })
  })
})

describe('the bound', () => {
  it('is never below the best set of winners, found by trying every set', async () => {
    const smallBooks = fc.integer({ min: 1, max: 3 }).chain(resources =>
      fc.record({
        supply: fc.array(fc.integer({ min: 0, max: 10 }), { minLength: resources, maxLength: resources }),
        bids: fc.array(
          fc.record({
            amount: fc.bigInt({ min: 1n, max: 1_000_000_000n }),
            quantities: fc.array(fc.integer({ min: 0, max: 6 }), {
              minLength: resources,
              maxLength: resources,
            }),
          }),
          { maxLength: 8 },
        ),
      }),
    )
    await fc.assert(
      fc.asyncProperty(smallBooks, async ({ supply, bids }) => {
        let best = 0n
        for (let set = 0; set < 2 ** bids.length; set++) {
          const rows = bids.filter((_, at) => (set >> at) & 1)
          const isFeasible = supply.every(
            (left, at) => rows.reduce((sum, bid) => sum + bid.quantities[at]!, 0) <= left,
          )
          const value = rows.reduce((sum, bid) => sum + bid.amount, 0n)
          if (isFeasible && value > best) best = value
        }
        const bound = await lpBoundMicro({
          amountMicro: BigInt64Array.from(bids, bid => bid.amount),
          quantities: Float64Array.from(bids.flatMap(bid => bid.quantities)),
          supply,
        })
        expect(bound).toBeGreaterThanOrEqual(best)
      }),
      { numRuns: 60 },
    )
  })

  it('is the value of filling up by value per unit when there is one resource', async () => {
    const oneResource = fc.array(
      fc.record({ amount: fc.integer({ min: 1, max: 1e9 }), quantity: fc.integer({ min: 1, max: 1e6 }) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    )
    await fc.assert(
      fc.asyncProperty(oneResource, fc.integer({ min: 1, max: 2_000_000 }), async (bids, supply) => {
        let left = supply
        let optimum = 0
        for (const { amount, quantity } of bids.toSorted(
          (one, other) => other.amount / other.quantity - one.amount / one.quantity,
        )) {
          const part = Math.min(1, left / quantity)
          optimum += part * amount
          left -= part * quantity
        }
        const bound = await lpBoundMicro({
          amountMicro: BigInt64Array.from(bids, bid => BigInt(bid.amount)),
          quantities: Float64Array.from(bids, bid => bid.quantity),
          supply: [supply],
        })
        expect(Math.abs(Number(bound) - optimum)).toBeLessThanOrEqual(1 + optimum * 1e-6)
      }),
      { numRuns: 40 },
    )
  })
})
