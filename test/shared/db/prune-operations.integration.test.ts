import { expect, test } from 'vitest'
import { auditMarkets } from '../../../shared/db/audit/audit.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { MAX_PRUNED_AT_ONCE, pruneOperations } from '../../../shared/db/prune-operations.ts'
import { inTransaction } from '../../../shared/db/transaction.ts'
import { marketSettingsSchema } from '../../../shared/market/rules.ts'
import { ownDatabase } from './own-database.ts'

const { db } = await ownDatabase()
const economy = createPostgresEconomy(db, async () => {})
const bid = { amount: '1', bundle: { cpu: 0.1, durationSeconds: 5 }, key: 'mine' }
const submission = { agent: 'ann', bid, via: 'cli' as const, actor: 'test' }

test('forgets outcomes that are old enough, a batch at a time, and leaves an economy that passes its audit', async () => {
  await economy.createMarket('pruned', marketSettingsSchema.parse({ rules: { bidsPerSecond: null } }))
  await economy.registerAgent({ marketId: 'pruned', agent: 'ann', creditsMicro: 100_000_000n })
  const [first] = await economy.admitBids('pruned', [submission])
  expect(first).toMatchObject({ ok: true })
  await db.query(
    `insert into operations (operation_id, market_id, agent_id, key, request_hash, outcome, created_at)
     select gen_random_uuid(), 'pruned', agent_id, 'old/' || n, '', '{}', now() - interval '8 days'
       from agents, generate_series(1, $1::int) n`,
    [MAX_PRUNED_AT_ONCE + 7],
  )
  expect(await pruneOperations(db, 7)).toBe(MAX_PRUNED_AT_ONCE)
  expect(await pruneOperations(db, 7)).toBe(7)
  expect(await pruneOperations(db, 7)).toBe(0)
  expect(await economy.admitBids('pruned', [submission])).toEqual([first])

  await db.query(`update operations set created_at = now() - interval '8 days'`)
  expect(await pruneOperations(db, 7)).toBeGreaterThanOrEqual(1)
  const [again] = await economy.admitBids('pruned', [submission])
  expect(again).toMatchObject({ ok: true })
  expect(again).not.toEqual(first)
  const findings = await inTransaction(db, client => auditMarkets(client, ['pruned']))
  expect(findings.filter(({ wrong }) => wrong > 0)).toEqual([])
})
