import { afterAll, expect, test } from 'vitest'
import { createDatabase } from '../../../shared/db/pool.ts'
import type { BidSubmission } from '../../../shared/economy/economy.ts'
import { expectConserved } from '../economy/conservation.ts'
import { openMarket } from '../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../economy/postgres-under-test.ts'
import { runProcess } from './child-process.ts'
import { ownDatabase } from './own-database.ts'

const { db, url } = await ownDatabase()
const world = createPostgresUnderTest(db)
/** Each with a connection of its own, as two processes have. */
const clients = [1, 2].map(() => {
  const connection = createDatabase(url, 'one-balance', 1)
  return { connection, ...createPostgresUnderTest(connection) }
})
afterAll(async () => {
  for (const { connection } of clients) await connection.end()
})

const bidOf = (agent: string, amount: number): BidSubmission => ({
  agent,
  bid: { amount, bundle: { cpu: 0.1, durationSeconds: 60 } },
  via: 'cli',
  actor: 'test',
})

test('of two bids at once that together exceed a balance, exactly one is admitted', async () => {
  const rounds = 40
  const agents = Object.fromEntries(Array.from({ length: rounds }, (_, round) => [`a${round}`, 100]))
  const marketId = await openMarket(world, agents)
  for (const agent of Object.keys(agents)) {
    const verdicts = await Promise.all(
      clients.map(({ economy }) => economy.admitBids(marketId, [bidOf(agent, 51)])),
    )
    const codes = verdicts.flat().map(verdict => (verdict.ok ? 'ok' : verdict.error.code))
    expect(codes.toSorted()).toEqual(['insufficient_balance', 'ok'])
  }
  expectConserved(await readBooks(db, marketId))
})

test('a bid and a transfer at once that together exceed a balance: one of them', async () => {
  const rounds = 40
  const agents = Object.fromEntries(Array.from({ length: rounds }, (_, round) => [`a${round}`, 100]))
  const marketId = await openMarket(world, { ...agents, shop: 0 })
  for (const from of Object.keys(agents)) {
    const transfer = { marketId, from, to: 'shop', amountMicro: 51_000_000n, purpose: 'x', key: null }
    const [bids, transferred] = await Promise.all([
      clients[0]!.economy.admitBids(marketId, [bidOf(from, 51)]),
      clients[1]!.ledger.transfer(transfer),
    ])
    expect([bids[0]!.ok, transferred.ok].toSorted()).toEqual([false, true])
  }
  expectConserved(await readBooks(db, marketId))
})

test('one bid under one key from two connections at once is one bid', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  for (let round = 0; round < 20; round++) {
    const { bid, ...submission } = bidOf('ann', 1)
    const keyed = { ...submission, bid: { ...(bid as object), key: `k${round}` } }
    const [one, other] = await Promise.all(
      clients.map(({ economy }) => economy.admitBids(marketId, [keyed, keyed])),
    )
    expect(one![0]).toMatchObject({ ok: true })
    expect([...one!, ...other!]).toEqual(new Array(4).fill(one![0]))
  }
  expect((await readBooks(db, marketId)).bids).toHaveLength(20)
})

test('a market that closes while bids come in admits none after it closed', async () => {
  for (let round = 0; round < 15; round++) {
    const marketId = await openMarket(world, { ann: 100 })
    const [bids] = await Promise.all([
      clients[0]!.economy.admitBids(marketId, [bidOf('ann', 1)]),
      clients[1]!.economy.beginClosing(marketId, 'op'),
    ])
    const codes = bids.map(verdict => (verdict.ok ? 'ok' : verdict.error.code))
    const { events } = await readBooks(db, marketId)
    const closedAt = events.findIndex(event => event.type === 'market_closed')
    const placedAt = events.findIndex(event => event.type === 'bid_placed')
    expect(codes).toEqual([placedAt === -1 ? 'market_closed' : 'ok'])
    expect(placedAt).toBeLessThan(closedAt)
  }
})

test('ten thousand bids against one balance, from several processes', async () => {
  const processes = 4
  const bidsEach = 2500
  const marketId = await openMarket(world, { ann: 100 }, { bidsPerSecond: null, maxOpenBids: 100_000 })
  const flood = new URL('./bid-flood.ts', import.meta.url)
  const printed = await Promise.all(
    Array.from({ length: processes }, () => runProcess(flood, [url, marketId, 'ann', String(bidsEach)])),
  )
  const counts = printed.map(text => JSON.parse(text) as Record<string, number>)
  const total = (code: string) => counts.reduce((sum, count) => sum + (count[code] ?? 0), 0)
  expect({ ok: total('ok'), refused: total('insufficient_balance') }).toEqual({
    ok: 100,
    refused: processes * bidsEach - 100,
  })
  const books = await readBooks(db, marketId)
  expectConserved(books)
  expect(books.agents.get('ann')).toEqual({ availableMicro: 0n, heldMicro: 100_000_000n, openBids: 100 })
  expect(books.events.filter(event => event.type === 'bid_rejected')).toHaveLength(9900)
})
