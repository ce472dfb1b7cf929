import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BidTable, clear, type Policy } from '../../../shared/clearing/clear.ts'
import { demandOf } from '../../../shared/clearing/demand.ts'
import { postedCostMicro, scoreOf } from '../../../shared/pricing/posted-cost.ts'

type Bid = { amount: bigint; quantities: number[]; seconds: number; cycle: bigint; seq: bigint }
type Book = { bids: Bid[]; supply: number[]; prices: number[] }

function tableOf(bids: Bid[]): BidTable {
  return {
    amountMicro: BigInt64Array.from(bids, bid => bid.amount),
    quantitiesPpm: Float64Array.from(bids.flatMap(bid => bid.quantities)),
    durationSeconds: Int32Array.from(bids, bid => bid.seconds),
    firstConsideredCycle: BigInt64Array.from(bids, bid => bid.cycle),
    admissionOrder: BigInt64Array.from(bids, bid => bid.seq),
  }
}

function clearOf({ bids, supply, prices }: Book, policy: Policy) {
  return clear({ bids: tableOf(bids), supplyPpm: supply, pricesMicro: prices, policy })
}

/** Bids admitted one after another in the same cycle, asking for one resource at a price of one credit. */
function simpleBook(supply: number, bids: [amount: bigint, quantity: number][]): Book {
  return {
    bids: bids.map(([amount, quantity], index) => ({
      amount,
      quantities: [quantity],
      seconds: 1,
      cycle: 1n,
      seq: BigInt(index),
    })),
    supply: [supply],
    prices: [1_000_000],
  }
}

const winnersOf = (book: Book, policy: Policy = 'highest-bid') => [...clearOf(book, policy).winners]

describe('clearing a book', () => {
  it('takes the highest bids first', () => {
    expect(
      winnersOf(
        simpleBook(2, [
          [1n, 1],
          [3n, 1],
          [2n, 1],
        ]),
      ),
    ).toEqual([1, 2])
  })

  it('gives a bundle whole or not at all', () => {
    const book: Book = {
      bids: [{ amount: 9n, quantities: [500_000, 1_000_001], seconds: 1, cycle: 1n, seq: 1n }],
      supply: [1_000_000, 1_000_000],
      prices: [1, 1],
    }
    const clearing = clearOf(book, 'highest-bid')
    expect([...clearing.winners]).toEqual([])
    expect([...clearing.remainingSupplyPpm]).toEqual([1_000_000, 1_000_000])
    expect(clearing.cutoffScore).toBeNull()
    expect(clearing.revenueMicro).toBe(0n)
  })

  it('passes over what does not fit and goes on', () => {
    expect(
      winnersOf(
        simpleBook(10, [
          [5n, 8],
          [4n, 3],
          [3n, 2],
        ]),
      ),
    ).toEqual([0, 2])
  })

  it('spends the supply exactly', () => {
    const clearing = clearOf(
      simpleBook(10, [
        [5n, 4],
        [4n, 6],
        [3n, 1],
      ]),
      'highest-bid',
    )
    expect([...clearing.winners]).toEqual([0, 1])
    expect([...clearing.remainingSupplyPpm]).toEqual([0])
    expect(clearing.cutoffScore).toBe(4n)
    expect(clearing.revenueMicro).toBe(9n)
  })

  it('ranks all bids, losers too', () => {
    expect([
      ...clearOf(
        simpleBook(1, [
          [1n, 1],
          [3n, 1],
          [2n, 1],
        ]),
        'highest-bid',
      ).ranks,
    ]).toEqual([3, 1, 2])
  })

  it('breaks ties by the earlier first considered cycle, then by order of admission', () => {
    const book = simpleBook(2, [
      [7n, 1],
      [7n, 1],
      [7n, 1],
      [7n, 1],
    ])
    book.bids[0]!.seq = 9n
    book.bids[3]!.cycle = 0n
    expect(winnersOf(book)).toEqual([3, 1])
  })

  it('ranks by amount per posted cost under the policy posted-price', () => {
    const book: Book = {
      bids: [
        { amount: 100n, quantities: [1_000_000], seconds: 10, cycle: 1n, seq: 1n },
        { amount: 50n, quantities: [1_000_000], seconds: 1, cycle: 1n, seq: 2n },
      ],
      supply: [1_000_000],
      prices: [3],
    }
    expect(winnersOf(book, 'highest-bid')).toEqual([0])
    const clearing = clearOf(book, 'posted-price')
    expect([...clearing.winners]).toEqual([1])
    expect([...clearing.scores]).toEqual([3_333_333n, 16_666_666n])
    expect(clearing.cutoffScore).toBe(16_666_666n)
    expect(clearing.revenueMicro).toBe(50n)
  })

  it('is exact beyond 64 bits, where a difference of one micro-credit decides', () => {
    const book: Book = simpleBook(1, [
      [10n ** 18n - 1n, 1],
      [10n ** 18n, 1],
      [1n, 1],
    ])
    const clearing = clearOf({ ...book, prices: [1] }, 'posted-price')
    expect([...clearing.scores]).toEqual([(10n ** 18n - 1n) * 1_000_000n, 10n ** 24n, 1_000_000n])
    expect([...clearing.ranks]).toEqual([2, 1, 3])
  })

  it('clears an empty book', () => {
    expect(clearOf({ bids: [], supply: [1], prices: [1] }, 'posted-price')).toMatchObject({
      cutoffScore: null,
      revenueMicro: 0n,
    })
  })

  it('refuses columns that do not match each other', () => {
    const book = simpleBook(1, [[1n, 1]])
    expect(() => clearOf({ ...book, prices: [1, 2] }, 'highest-bid')).toThrow(RangeError)
    expect(() => clearOf({ ...book, supply: [1, 2], prices: [1, 2] }, 'highest-bid')).toThrow(RangeError)
  })
})

const resourceCount = fc.integer({ min: 1, max: 5 })
const anyPolicy = fc.constantFrom<Policy>('highest-bid', 'posted-price')
const anyAmount = fc.oneof(
  fc.bigInt({ min: 1n, max: 5n }),
  fc.bigInt({ min: 1n, max: 10_000_000_000n }),
  fc.bigInt({ min: 1n, max: 10n ** 18n }),
)

function booksWith(
  quantity: fc.Arbitrary<number>,
  supply: fc.Arbitrary<number>,
  price: fc.Arbitrary<number>,
  maxBids: number,
) {
  return resourceCount.chain(resources => {
    const perResource = <T>(value: fc.Arbitrary<T>) =>
      fc.array(value, { minLength: resources, maxLength: resources })
    const bid = fc.record({
      amount: anyAmount,
      quantities: perResource(quantity),
      seconds: fc.integer({ min: 1, max: 86_400 }),
      cycle: fc.bigInt({ min: 1n, max: 3n }),
      seq: fc.bigInt({ min: 1n, max: 2n ** 62n }),
    })
    return fc.record({
      bids: fc.uniqueArray(bid, { selector: bid => bid.seq, maxLength: maxBids }),
      supply: perResource(supply),
      prices: perResource(price),
    })
  })
}

const marketBooks = booksWith(
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.integer({ min: 10_000, max: 1_000_000_000 }),
  60,
)
const extremeBooks = booksWith(
  fc.oneof(fc.integer({ min: 0, max: 2 }), fc.maxSafeNat()),
  fc.oneof(fc.integer({ min: 0, max: 2 }), fc.maxSafeNat()),
  fc.oneof(fc.integer({ min: 0, max: 2 }), fc.maxSafeNat()),
  60,
)
const anyBook: fc.Arbitrary<Book> = fc.oneof(marketBooks, extremeBooks)

const scoresOf = ({ bids, prices }: Book, policy: Policy) =>
  bids.map(bid =>
    policy === 'highest-bid'
      ? bid.amount
      : scoreOf(bid.amount, postedCostMicro(prices, bid.quantities, bid.seconds)),
  )

/** The order by plain comparison of bigints: what the typed arrays must agree with. */
function referenceOrder(book: Book, policy: Policy): number[] {
  const scores = scoresOf(book, policy)
  const compare = (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0)
  return [...book.bids.keys()].sort(
    (one, other) =>
      compare(scores[other]!, scores[one]!) ||
      compare(book.bids[one]!.cycle, book.bids[other]!.cycle) ||
      compare(book.bids[one]!.seq, book.bids[other]!.seq),
  )
}

const fits = (quantities: number[], remaining: number[]) =>
  quantities.every((quantity, at) => quantity <= remaining[at]!)

describe('any clearing', () => {
  it('agrees with a plain greedy on bigints', () => {
    fc.assert(
      fc.property(anyBook, anyPolicy, (book, policy) => {
        const order = referenceOrder(book, policy)
        let remaining = book.supply
        const winners = order.filter(row => {
          const { quantities } = book.bids[row]!
          if (!fits(quantities, remaining)) return false
          remaining = remaining.map((left, at) => left - quantities[at]!)
          return true
        })
        const clearing = clearOf(book, policy)
        expect([...clearing.winners]).toEqual(winners)
        expect([...clearing.scores]).toEqual(scoresOf(book, policy))
        expect(order.map(row => clearing.ranks[row])).toEqual(order.map((_, position) => position + 1))
        expect([...clearing.remainingSupplyPpm]).toEqual(remaining)
        expect(clearing.revenueMicro).toBe(winners.reduce((sum, row) => sum + book.bids[row]!.amount, 0n))
        expect(clearing.cutoffScore).toBe(
          winners.length === 0 ? null : scoresOf(book, policy)[winners.at(-1)!],
        )
      }),
      { numRuns: 500 },
    )
  })

  it('never gives more than the supply, and leaves no loser that fits in what its betters left', () => {
    fc.assert(
      fc.property(anyBook, anyPolicy, (book, policy) => {
        const { winners, ranks, remainingSupplyPpm } = clearOf(book, policy)
        const taken = (rows: number[]) =>
          book.supply.map((_, at) =>
            rows.reduce((sum, row) => sum + BigInt(book.bids[row]!.quantities[at]!), 0n),
          )
        taken([...winners]).forEach((sum, at) => {
          expect(sum + BigInt(remainingSupplyPpm[at]!)).toBe(BigInt(book.supply[at]!))
          expect(remainingSupplyPpm[at]!).toBeGreaterThanOrEqual(0)
        })
        const losers = [...book.bids.keys()].filter(row => !winners.includes(row))
        for (const loser of losers) {
          const takenByBetters = taken([...winners].filter(row => ranks[row]! < ranks[loser]!))
          const left = book.supply.map((supply, at) => Number(BigInt(supply) - takenByBetters[at]!))
          expect(fits(book.bids[loser]!.quantities, left)).toBe(false)
          expect(fits(book.bids[loser]!.quantities, [...remainingSupplyPpm])).toBe(false)
        }
      }),
    )
  })

  it('is the same whatever the order of the rows', () => {
    const shuffled = anyBook.chain(book =>
      fc.tuple(fc.constant(book), fc.shuffledSubarray(book.bids, { minLength: book.bids.length })),
    )
    fc.assert(
      fc.property(shuffled, anyPolicy, ([book, bids], policy) => {
        const seqs = (rows: Bid[]) => {
          const clearing = clearOf({ ...book, bids: rows }, policy)
          return { winners: [...clearing.winners].map(row => rows[row]!.seq), revenue: clearing.revenueMicro }
        }
        expect(seqs(bids)).toEqual(seqs(book.bids))
      }),
    )
  })

  it('is, of all feasible sets of winners, the first in lexical order of rank (found by trying every set)', () => {
    const smallBooks = booksWith(
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 9 }),
      8,
    )
    fc.assert(
      fc.property(smallBooks, anyPolicy, (book, policy) => {
        const order = referenceOrder(book, policy)
        const isFeasible = (rows: number[]) =>
          book.supply.every(
            (supply, at) => rows.reduce((sum, row) => sum + book.bids[row]!.quantities[at]!, 0) <= supply,
          )
        let best: number[] = []
        for (let set = 2 ** order.length - 1; set >= 0; set--) {
          const rows = order.filter((_, position) => (set >> (order.length - 1 - position)) & 1)
          if (isFeasible(rows)) {
            best = rows
            break
          }
        }
        expect(winnersOf(book, policy)).toEqual(best)
      }),
    )
  })

  it('stays the plain greedy in a book large enough for its short cuts', () => {
    fc.assert(
      fc.property(fc.integer(), anyPolicy, (seed, policy) => {
        const book = largeBook(seed, 20_000)
        let remaining = book.supply
        const winners = referenceOrder(book, policy).filter(row => {
          const { quantities } = book.bids[row]!
          if (!fits(quantities, remaining)) return false
          remaining = remaining.map((left, at) => left - quantities[at]!)
          return true
        })
        expect(winnersOf(book, policy)).toEqual(winners)
      }),
      { numRuns: 5 },
    )
  })
})

function largeBook(seed: number, count: number): Book {
  let state = seed >>> 0
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const bids = Array.from({ length: count }, (_, index) => ({
    amount: BigInt(1 + below(10_000_000_000)) * BigInt(1 + below(1_000)),
    quantities: Array.from({ length: 4 }, () => below(5_000)),
    seconds: 1 + below(3_600),
    cycle: BigInt(1 + below(3)),
    seq: BigInt((index * 7_919) % count),
  }))
  return {
    bids,
    supply: [1_000_000, 900_000, 800_000, 1_000_000],
    prices: [10_000, 2_000_000, 30_000_000, 1_000],
  }
}

describe('demand', () => {
  it('is what is leased and the bundles of the bids that reach their posted cost', () => {
    const { bids } = simpleBook(10, [
      [5n, 5],
      [4n, 5],
      [1_000n, 7],
      [1n, 1],
    ])
    expect(demandOf(tableOf(bids), [1_000_000], [100])).toEqual([100 + 5 + 7 + 1])
    expect(demandOf(tableOf([]), [1, 1], [3, 4])).toEqual([3, 4])
  })
})
