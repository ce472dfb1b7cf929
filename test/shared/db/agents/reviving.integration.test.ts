import { expect, test } from 'vitest'
import { listActs } from '../../../../shared/db/agents/list-acts.ts'
import { createPostgresIdentity } from '../../../../shared/db/agents/postgres-identity.ts'
import { openMarket } from '../../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../../economy/postgres-under-test.ts'
import { ownDatabase } from '../own-database.ts'

const { db } = await ownDatabase()
const world = createPostgresUnderTest(db)
const identity = createPostgresIdentity(db, async () => {})

async function statusOf(marketId: string, agent: string) {
  const { rows } = await db.query('select status from agents where market_id = $1 and name = $2', [
    marketId,
    agent,
  ])
  return rows[0].status
}

test('an operator wakes the dormant and revives the dead, once, in its name', async () => {
  const marketId = await openMarket(world, { ann: 10, bob: 0 }, { dormantAfterSeconds: 100 })
  const tidyAfter = async (seconds: number) => {
    await world.passTime(marketId, seconds)
    await world.economy.tidyMarket(marketId)
  }
  await tidyAfter(102)
  await tidyAfter(102)
  expect([await statusOf(marketId, 'ann'), await statusOf(marketId, 'bob')]).toEqual(['dormant', 'dead'])

  const revive = (agent: string) =>
    identity.reviveAgent({ marketId, agent, reason: 'mercy', actor: 'cli/test' })
  expect(await revive('ann')).toEqual({ ok: true, agent: 'ann', status: 'alive', was: 'dormant' })
  expect(await revive('bob')).toEqual({ ok: true, agent: 'bob', status: 'alive', was: 'dead' })
  const before = await readBooks(db, marketId)
  expect(await revive('bob')).toEqual({ ok: true, agent: 'bob', status: 'alive', was: 'alive' })
  expect(await revive('eve')).toMatchObject({ ok: false, error: { code: 'unknown_agent' } })
  expect(await readBooks(db, marketId)).toEqual(before)
  expect(
    (await listActs(db, marketId, 2)).map(({ type, agent, actor, data }) => [type, agent, actor, data]),
  ).toEqual([
    ['agent_revived', 'bob', 'cli/test', { reason: 'mercy' }],
    ['agent_awake', 'ann', 'cli/test', { awakened_by: 'system', current_balance: '10', reason: 'mercy' }],
  ])

  await tidyAfter(50)
  expect([await statusOf(marketId, 'ann'), await statusOf(marketId, 'bob')]).toEqual(['alive', 'alive'])
  await tidyAfter(52)
  expect([await statusOf(marketId, 'ann'), await statusOf(marketId, 'bob')]).toEqual(['dormant', 'dormant'])
})

test('while it is frozen nothing becomes of an agent; then its time begins anew', async () => {
  const marketId = await openMarket(world, { ann: 10 }, { dormantAfterSeconds: 100 })
  const freeze = { marketId, agent: 'ann', reason: 'odd', actor: 'cli/test' }
  const after = async (seconds: number) => {
    await world.passTime(marketId, seconds)
    await world.economy.tidyMarket(marketId)
    return await statusOf(marketId, 'ann')
  }
  await identity.freezeAgent(freeze)
  expect(await after(500)).toBe('alive')
  await identity.unfreezeAgent(freeze)
  expect(await after(90)).toBe('alive')
  expect(await after(12)).toBe('dormant')
})

test('a lease that is revoked keeps nobody busy', async () => {
  const marketId = await openMarket(world, { ann: 10 }, { dormantAfterSeconds: 100 })
  const bid = { amount: '5', bundle: { cpu: 0.5, durationSeconds: 5_000 } }
  await world.economy.admitBids(marketId, [{ agent: 'ann', bid, via: 'cli', actor: 'test' }])
  await world.economy.openCycle(marketId, 1, 'test')
  await world.economy.settleCycle(marketId, 1)
  const { rows } = await db.query('select lease_id from leases where market_id = $1', [marketId])
  const revocation = { marketId, leaseId: rows[0].lease_id, refund: true, reason: 'test', actor: 'cli/test' }
  expect(await identity.revokeLease(revocation)).toMatchObject({ ok: true })
  expect((await readBooks(db, marketId)).agents.get('ann')).toMatchObject({ availableMicro: 10_000_000n })
  await world.passTime(marketId, 102)
  await world.economy.tidyMarket(marketId)
  expect(await statusOf(marketId, 'ann')).toBe('dormant')
})
