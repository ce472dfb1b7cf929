import { expect, test } from 'vitest'
import { openMarket } from '../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../economy/postgres-under-test.ts'
import { ownDatabase } from './own-database.ts'

const { db } = await ownDatabase()
const world = createPostgresUnderTest(db)

test('Postgres itself refuses a settlement that would lease more than there is', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  const bid = { amount: 10, bundle: { cpu: 0.5, durationSeconds: 60 } }
  await world.economy.admitBids(marketId, [{ agent: 'ann', bid, via: 'cli', actor: 'test' }])
  await world.economy.openCycle(marketId, 1, 'run')
  // What leases hold and what the resource carries disagree: the settlement believes the leases.
  await db.query('update market_resources set leased_ppm = 500001 where market_id = $1 and ordinal = 0', [
    marketId,
  ])
  const before = await readBooks(db, marketId)
  await expect(world.economy.settleCycle(marketId, 1)).rejects.toMatchObject({
    constraint: 'supply_not_exceeded',
  })
  expect(await readBooks(db, marketId)).toEqual(before)

  await db.query('update market_resources set leased_ppm = 0 where market_id = $1', [marketId])
  expect(await world.economy.settleCycle(marketId, 1)).toMatchObject({ winners: 1, revenue: '10' })
})

test('Postgres itself refuses a negative balance, credits from nowhere and another past', async () => {
  const marketId = await openMarket(world, { ann: 100, bob: 100 })
  const refusedBy = (constraint: string) => expect.objectContaining({ constraint })
  const failureOf = (text: string) => db.query(text, [marketId]).catch((error: unknown) => error)
  expect(await failureOf('update agents set available_micro = -1 where market_id = $1')).toEqual(
    refusedBy('balance_not_negative'),
  )
  expect(
    await failureOf(
      `update system_accounts set balance_micro = -1 where market_id = $1 and account = 'burn'`,
    ),
  ).toEqual(refusedBy('only_mint_is_negative'))
  expect(
    await failureOf(
      `insert into transactions (market_id, batch_id, agent_id, amount_micro, balance_after_micro, purpose, ref, timestamp)
       select $1, 0, agent_id, 5, 5, 'x', 'x', now() from agents where market_id = $1`,
    ),
  ).toEqual(refusedBy('postings_balance'))
  for (const table of ['transactions', 'transfers']) {
    expect(await failureOf(`delete from ${table} where market_id = $1`)).toMatchObject({
      message: `${table} is append-only`,
    })
  }
  expect((await readBooks(db, marketId)).accounts.mint).toBe(-200_000_000n)
})
