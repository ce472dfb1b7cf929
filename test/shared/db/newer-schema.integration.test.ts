import { expect, it } from 'vitest'
import { auditMarkets } from '../../../shared/db/audit/audit.ts'
import { readBidRecord } from '../../../shared/db/bids/read-bid-record.ts'
import { createPostgresLedger } from '../../../shared/db/ledger/postgres-ledger.ts'
import { MIGRATIONS_TABLE, migrate } from '../../../shared/db/migrate.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { readSchemaVersion } from '../../../shared/db/schema-version.ts'
import { atOneSnapshot } from '../../../shared/db/transaction.ts'
import { marketSettingsSchema } from '../../../shared/market/rules.ts'
import { ownDatabase } from './own-database.ts'

const { db, url } = await ownDatabase()
const NEWER = '999_of_a_newer_version'
const bundle = { cpu: 0.6, durationSeconds: 60 }

/** What a migration of a newer version may do: every table gains a column, and there is a table nobody here knows. */
async function migrateBeyond(): Promise<void> {
  const { rows } = await db.query(
    "select tablename from pg_tables where schemaname = 'public' and tablename <> $1",
    [MIGRATIONS_TABLE],
  )
  for (const { tablename } of rows) {
    await db.query(`alter table ${tablename} add column of_a_newer_version text not null default 'x'`)
  }
  await db.query('create table of_a_newer_version (id bigint primary key)')
  await db.query(`insert into ${MIGRATIONS_TABLE} (name, run_on) values ($1, now())`, [NEWER])
}

it('a market goes on under the schema of a newer version, in processes of the version before it', async () => {
  const economy = createPostgresEconomy(db, async () => {})
  const bid = (agent: string, amount: string) => ({
    agent,
    bid: { amount, bundle },
    via: 'cli' as const,
    actor: 'test',
  })
  await economy.createMarket('rolled', marketSettingsSchema.parse({}))
  await economy.registerAgent({ marketId: 'rolled', agent: 'ann', creditsMicro: 100_000_000n })
  const [before] = await economy.admitBids('rolled', [bid('ann', '1')])
  await economy.openCycle('rolled', 1, 'before')

  await migrateBeyond()
  // Every process begins with this: one of the version before finds nothing to do.
  await migrate(url)
  expect(await readSchemaVersion(db)).toMatchObject({ newest: NEWER, missing: [], unknown: [NEWER] })

  await economy.settleCycle('rolled', 1)
  await economy.registerAgent({ marketId: 'rolled', agent: 'bob', creditsMicro: 100_000_000n })
  const [won, lost, cancelled] = await economy.admitBids('rolled', [
    { ...bid('bob', '30'), bid: { amount: '30', bundle: { ...bundle, cpu: 0.4 } } },
    bid('bob', '20'),
    bid('bob', '10'),
  ])
  const idOf = (verdict: typeof won) => (verdict?.ok ? verdict.bidId : '')
  expect(await economy.cancelBid({ marketId: 'rolled', agent: 'bob', bidId: idOf(cancelled) })).toMatchObject(
    {
      ok: true,
    },
  )
  await economy.openCycle('rolled', 2, 'after')
  expect(await economy.settleCycle('rolled', 2)).toMatchObject({ winners: 1, losers: 1 })
  await createPostgresLedger(db, async () => {}).transfer({
    marketId: 'rolled',
    from: 'bob',
    to: 'ann',
    amountMicro: 5_000_000n,
    purpose: 'test',
    key: 'k',
  })
  const ended = await Promise.all([before, won, lost, cancelled].map(one => readBidRecord(db, idOf(one))))
  expect(ended.map(one => one?.status)).toEqual(['winning', 'winning', 'outbid', 'cancelled'])
  const findings = await atOneSnapshot(db, client => auditMarkets(client, ['rolled']))
  expect(findings.filter(one => one.wrong > 0)).toEqual([])
})
