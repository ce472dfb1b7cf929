import { randomUUID } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { readBidRecord, readRefusalRecord } from '../../../../shared/db/bids/read-bid-record.ts'
import { createDatabase, type Database } from '../../../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../../../shared/db/postgres-economy.ts'
import { marketSettingsSchema } from '../../../../shared/market/rules.ts'

const db = createDatabase(process.env.BOURSE_POSTGRES_URL!, 'trace test', 4)
afterAll(() => db.end())

it('a winner, an outbid, a cancelled and a refused bid each tell their reason', async () => {
  const marketId = `trace-${randomUUID().slice(0, 8)}`
  const economy = createPostgresEconomy(db, async () => {})
  await economy.createMarket(marketId, marketSettingsSchema.parse({ rules: { bidsPerSecond: null } }))
  await economy.registerAgent({ marketId, agent: 'ann', creditsMicro: 100_000_000n })
  const bidOf = (amount: string) => ({
    agent: 'ann',
    bid: { amount, bundle: { cpu: 0.6, durationSeconds: 5 } },
    via: 'cli' as const,
    actor: 'cli/test',
  })
  const verdicts = await economy.admitBids(marketId, ['30', '20', '10', '500'].map(bidOf))
  const ids = verdicts.map(one => (one.ok ? one.bidId : one.error.operationId!))
  await economy.cancelBid({ marketId, bidId: ids[2]!, agent: 'ann' })
  const waiting = await readBidRecord(db, ids[0]!)
  expect(waiting?.now?.freeSupply.cpu).toBe(1)
  await economy.openCycle(marketId, null, 'test')
  await economy.settleCycle(marketId, 1)

  const [won, lost, cancelled] = await Promise.all(ids.slice(0, 3).map(id => readBidRecord(db, id)))
  expect(won).toMatchObject({ status: 'winning', rank: 1, lease: { status: 'active' } })
  expect(won?.events.map(one => one.type)).toEqual(['bid_processed', 'credits_burned', 'resources_allocated'])
  expect(lost).toMatchObject({ status: 'outbid', rank: 2, lease: null, cycle: { winners: 1 } })
  expect(cancelled?.events.map(one => one.type)).toEqual(['bid_cancelled'])
  const refused = await readRefusalRecord(db, ids[3]!)
  expect(refused).toMatchObject({ reason: 'insufficient_balance', required: '500', agent: 'ann' })
  expect(await readBidRecord(db, randomUUID())).toBeNull()
})

it('finds a bid or a refusal by indexes alone, however many events and bids there are', async () => {
  const asked: { text: string; values: unknown[] }[] = []
  const watched = {
    query(text: string, values: unknown[]) {
      asked.push({ text, values })
      return db.query(text, values)
    },
  } as unknown as Database
  const { rows } = await db.query("select bid_id from bids where status = 'winning' limit 1")
  await readBidRecord(watched, rows[0].bid_id)
  await readRefusalRecord(watched, randomUUID())
  expect(asked.length).toBeGreaterThanOrEqual(4)

  const client = await db.connect()
  try {
    await client.query('begin')
    // The tables of a test are small: without this they would be read whole although an index is there.
    await client.query('set local enable_seqscan = off')
    for (const { text, values } of asked) {
      const plan = await client.query(`explain ${text}`, values)
      const steps = plan.rows.map(row => row['QUERY PLAN']).join('\n')
      expect(steps).not.toMatch(/Seq Scan on (outbox|bids|event_batches|leases|executions)/)
    }
  } finally {
    await client.query('rollback')
    client.release()
  }
})
