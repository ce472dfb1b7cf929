import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectConserved } from './conservation.ts'
import type { Books } from './economy-under-test.ts'
import { openMarket } from './fresh-market.ts'
import { createActor, operation } from './market-operations.ts'
import { createMemoryUnderTest } from './memory-under-test.ts'

const TIMEOUT_MS = 60_000

const NEXT_STATUS: Record<string, string[]> = {
  pending: ['pending', 'winning', 'outbid', 'cancelled', 'expired'],
  winning: ['winning', 'completed'],
}

test(
  'credits are conserved at every step, whatever is asked of a market',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 60 }), async operations => {
        const world = createMemoryUnderTest()
        const rules = { bidsPerSecond: 1, bidBurst: 12, cycleSeconds: 500, dormantAfterSeconds: 1300 }
        const marketId = await openMarket(world, { ann: 100, bob: 50, cy: 5 }, rules)
        const perform = createActor(world, marketId)
        let before = await world.readBooks(marketId)
        for (const one of operations) {
          await perform(one)
          const after = await world.readBooks(marketId)
          expectConserved(after)
          expectHistoryStands(before, after)
          before = after
        }
      }),
      { numRuns: 100 },
    )
  },
  TIMEOUT_MS,
)

/** A bid only moves on, a resolved hold stays as it is, and no event is taken back. */
function expectHistoryStands(before: Books, after: Books): void {
  before.bids.forEach(({ bidId, status }, place) => {
    const now = after.bids[place]!
    expect(now.bidId).toBe(bidId)
    expect(NEXT_STATUS[status] ?? [status]).toContain(now.status)
  })
  before.holds.forEach((hold, place) => {
    if (hold.status !== 'held') expect(after.holds[place]).toEqual(hold)
  })
  expect(after.events.slice(0, before.events.length)).toEqual(before.events)
}

test(
  'a replay of everything under its keys changes nothing',
  async () => {
    const keyed = operation.filter(one => 'key' in one && one.key !== null)
    await fc.assert(
      fc.asyncProperty(fc.array(keyed, { minLength: 1, maxLength: 20 }), async operations => {
        const world = createMemoryUnderTest()
        const marketId = await openMarket(world, { ann: 100, bob: 50, cy: 5 })
        const perform = createActor(world, marketId)
        const answers = []
        for (const one of operations) answers.push(await perform(one))
        const before = await world.readBooks(marketId)
        for (const [place, one] of operations.entries()) {
          expect(await perform(one)).toEqual(answers[place])
        }
        expect(await world.readBooks(marketId)).toEqual(before)
      }),
      { numRuns: 100 },
    )
  },
  TIMEOUT_MS,
)
