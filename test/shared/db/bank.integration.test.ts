import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, expect, test, vi } from 'vitest'
import { PATIENCE_MS } from '../../patience.ts'
import { expectConserved } from '../economy/conservation.ts'
import { openMarket } from '../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../economy/postgres-under-test.ts'
import { startProcess } from './child-process.ts'
import { ownDatabase } from './own-database.ts'

const CUSTOMERS = 2
const KILLS = 6
/** A customer is killed once this much more has happened: in the midst of its work. */
const EVENTS_BETWEEN_KILLS = 40

const { db, url } = await ownDatabase()
const customers: ChildProcess[] = []
const customer = new URL('./bank-customer.ts', import.meta.url)
afterAll(() => {
  for (const child of customers) child.kill('SIGKILL')
})

test('every read sums right while many move credits and their processes are killed', async () => {
  const world = createPostgresUnderTest(db)
  const credits = { ann: 1000, bob: 1000, cy: 1000, dan: 0 }
  const marketId = await openMarket(world, credits, { bidsPerSecond: null, maxBidsPerCycle: 50 })
  const begin = () => startProcess(customer, [url, marketId, ...Object.keys(credits)])
  for (let n = 0; n < CUSTOMERS; n++) customers.push(begin())

  let reads = 0
  let lastSeq = 0
  const readAndSum = async () => {
    const books = await readBooks(db, marketId)
    expectConserved(books)
    reads++
    lastSeq = books.events.length
  }
  for (let kill = 0; kill < KILLS; kill++) {
    await readAndSum()
    const targetSeq = lastSeq + EVENTS_BETWEEN_KILLS
    const deadlineMs = Date.now() + PATIENCE_MS
    while (lastSeq < targetSeq) {
      expect(Date.now(), 'nothing happens any more').toBeLessThan(deadlineMs)
      await readAndSum()
    }
    const victim = customers.shift()!
    victim.kill('SIGKILL')
    await once(victim, 'exit')
    customers.push(begin())
  }
  for (const child of customers) child.kill('SIGKILL')
  await vi.waitFor(
    async () => {
      const { rows } = await db.query(`select from pg_stat_activity where application_name = $1`, [
        `bank-${marketId}`,
      ])
      expect(rows).toHaveLength(0)
    },
    { timeout: PATIENCE_MS, interval: 20 },
  )

  const books = await readBooks(db, marketId)
  expectConserved(books)
  expect(reads).toBeGreaterThan(KILLS)
  const types = new Set(books.events.map(event => event.type))
  for (const type of [
    'credits_transferred',
    'hold_settled',
    'hold_released',
    'bid_placed',
    'cycle_cleared',
  ]) {
    expect(types).toContain(type)
  }
  const transfer = { marketId, from: 'ann', to: 'bob', amountMicro: 1n, purpose: 'after', key: null }
  await world.ledger.grant({ marketId, agent: 'ann', amountMicro: 1n, reason: 'after', key: null })
  expect(await world.ledger.transfer(transfer)).toMatchObject({ ok: true })
})
