import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ownDatabase } from '../db/own-database.ts'
import { expectConserved } from './conservation.ts'
import { openMarket } from './fresh-market.ts'
import { comparable, createActor, createTranscript, operation } from './market-operations.ts'
import { createMemoryUnderTest } from './memory-under-test.ts'
import { createPostgresUnderTest } from './postgres-under-test.ts'

const { db } = await ownDatabase()

const CREDITS = { ann: 100, bob: 50, cy: 5 }
const RULES = { bidsPerSecond: null, cycleSeconds: 500, dormantAfterSeconds: 1300 }

describe('the economy on Postgres', () => {
  test('answers, books and events are those of the economy in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 10, maxLength: 40 }), async operations => {
        const worlds = []
        for (const world of [createMemoryUnderTest(), createPostgresUnderTest(db)]) {
          const marketId = await openMarket(world, CREDITS, RULES)
          const write = createTranscript(marketId)
          worlds.push({ world, marketId, write, perform: createActor(world, marketId) })
        }
        for (const one of operations) {
          const [model, real] = await Promise.all(
            worlds.map(async ({ world, marketId, write, perform }) => {
              const answer = await perform(one)
              const books = await world.readBooks(marketId)
              expectConserved(books)
              return { answer: write(answer), books: write(comparable(books)) }
            }),
          )
          expect(real).toEqual(model)
        }
      }),
      { numRuns: 12, endOnFailure: true },
    )
  })

  test('credits are conserved when many ask at once', async () => {
    const asked = operation.filter(
      ({ kind }) => kind !== 'time' && kind !== 'prices' && kind !== 'agentStatus',
    )
    const atOnce = fc.array(asked, { minLength: 2, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(fc.array(atOnce, { minLength: 3, maxLength: 8 }), async groups => {
        const world = createPostgresUnderTest(db)
        const marketId = await openMarket(world, CREDITS, RULES)
        const perform = createActor({ ...world, passTime: async () => {} }, marketId)
        for (const group of groups) {
          await Promise.all(group.flatMap(one => [perform(one), perform(one)]))
          expectConserved(await world.readBooks(marketId))
          await world.passTime(marketId, 1000)
        }
      }),
      { numRuns: 8, endOnFailure: true },
    )
  })
})
