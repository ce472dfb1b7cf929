import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Database, DatabaseClient } from '../../../shared/db/pool.ts'
import { atOneSnapshot } from '../../../shared/db/transaction.ts'
import { expectConserved } from '../economy/conservation.ts'
import type { EconomyUnderTest } from '../economy/economy-under-test.ts'
import { openMarket } from '../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../economy/postgres-under-test.ts'
import { ownDatabase } from './own-database.ts'

const STATEMENTS_MAX = 60
const DIVISION_BY_ZERO = '22012'

const { db } = await ownDatabase()
const world = createPostgresUnderTest(db)
const bundle = { cpu: 0.6, memory: 0.6, durationSeconds: 60 }
const keyedBid = (agent: string, amount: number, key: string) => ({
  agent,
  bid: { amount, bundle, key },
  via: 'cli' as const,
  actor: 'test',
})

interface Change {
  name: string
  prepare?: (marketId: string) => Promise<void>
  change: (under: EconomyUnderTest, marketId: string) => Promise<unknown>
}

const holdIds = new Map<string, string>()
const changes: Change[] = [
  {
    name: 'an admission',
    change: ({ economy }, marketId) =>
      economy.admitBids(marketId, [
        keyedBid('ann', 30, 'a'),
        keyedBid('bob', 500, 'b'),
        { ...keyedBid('bob', 1, 'c'), bid: 'nonsense' },
        keyedBid('bob', 20, 'd'),
      ]),
  },
  {
    name: 'a settlement',
    prepare: async marketId => {
      const gone = { ...keyedBid('ann', 3, 'ended').bid, bundle: { cpu: 0.1, durationSeconds: 1 } }
      const ended = { ...keyedBid('ann', 3, 'ended'), bid: gone }
      await world.economy.admitBids(marketId, [ended])
      await world.economy.openCycle(marketId, 1, 'run')
      await world.economy.settleCycle(marketId, 1)
      await world.economy.admitBids(marketId, [keyedBid('ann', 30, 'a'), keyedBid('bob', 20, 'b')])
      const stays = { ...keyedBid('bob', 5, 'c').bid, goodTillCancelled: true }
      await world.economy.admitBids(marketId, [{ ...keyedBid('bob', 5, 'c'), bid: stays }])
      await world.passTime(marketId, 1)
      await world.economy.openCycle(marketId, 2, 'run')
    },
    change: ({ economy }, marketId) => economy.settleCycle(marketId, 2),
  },
  {
    name: 'a transfer',
    change: ({ ledger }, marketId) =>
      ledger.transfer({
        marketId,
        from: 'ann',
        to: 'bob',
        amountMicro: 30_000_000n,
        purpose: 'gift',
        key: 'k',
      }),
  },
  {
    name: 'a grant',
    change: ({ ledger }, marketId) =>
      ledger.grant({ marketId, agent: 'ann', amountMicro: 5n, reason: 'prize', key: 'k' }),
  },
  {
    name: 'a hold',
    change: ({ ledger }, marketId) =>
      ledger.placeHold({ marketId, agent: 'ann', amountMicro: 5n, ref: 'call', key: 'k' }),
  },
  {
    name: 'the settlement of a hold',
    prepare: async marketId => {
      const request = { marketId, agent: 'ann', amountMicro: 5n, ref: 'call', key: null }
      const placed = await world.ledger.placeHold(request)
      if (placed.ok) holdIds.set(marketId, placed.holdId)
    },
    change: ({ ledger }, marketId) =>
      ledger.settleHold({ marketId, holdId: holdIds.get(marketId)!, to: 'bob' }),
  },
]

describe.each(changes)('$name', ({ prepare, change }) => {
  async function begin(): Promise<string> {
    const marketId = await openMarket(world, { ann: 100, bob: 50 })
    await prepare?.(marketId)
    return marketId
  }

  test('leaves the database as it was when a statement fails, whichever; the retry succeeds', async () => {
    const marketId = await begin()
    const before = await readRows(marketId)
    let failures = 0
    for (let failing = 1; failing <= STATEMENTS_MAX; failing++) {
      const failed = await change(createPostgresUnderTest(failAt(failing)), marketId).then(
        () => null,
        (error: unknown) => error,
      )
      if (failed === null) break
      expect(failed).toMatchObject({ code: DIVISION_BY_ZERO })
      expect(await readRows(marketId)).toEqual(before)
      failures++
    }
    expect(failures).toBeGreaterThan(5)
    expect(failures).toBeLessThan(STATEMENTS_MAX)
    expect(await readRows(marketId)).not.toEqual(before)
    expectConserved(await readBooks(db, marketId))
  })

  test('is done once when its answer is lost after the commit', async () => {
    const marketId = await begin()
    await expect(change(createPostgresUnderTest(loseTheCommit()), marketId)).rejects.toThrow('lost')
    const after = await readBooks(db, marketId)
    const answer = await change(world, marketId)
    expect(answer).toEqual(await change(world, marketId))
    expect(await readBooks(db, marketId)).toEqual(after)
    expectConserved(after)
  })
})

/** The database, but its nth statement fails at the server. */
function failAt(failing: number): Database {
  let statements = 0
  return withStatements(client => (...args) => {
    statements++
    if (statements !== failing) return client.query(...args)
    const [statement] = args
    if (!isCopy(statement)) return client.query('select 1 / 0')
    statement.text += ' where 1 / 0 = 1'
    return client.query(...args)
  })
}

/** The database, but the connection breaks before it answers that it committed. */
function loseTheCommit(): Database {
  return withStatements(client => (...args) => {
    const answer = client.query(...args)
    if (args[0] !== 'commit') return answer
    return answer.then(() => {
      throw new Error('the answer was lost')
    })
  })
}

/** A COPY is asked for by a stream that takes its rows; its text is changed to make it fail. */
function isCopy(statement: unknown): statement is { text: string } {
  return statement instanceof Writable
}

type Query = (...statement: [text: string, values?: unknown[]]) => Promise<unknown>

function withStatements(queryOf: (client: DatabaseClient) => Query): Database {
  const connect = async () => {
    const client = await db.connect()
    const query = queryOf(client)
    return { query, release: (error?: Error) => client.release(error) }
  }
  return { connect } as unknown as Database
}

/** Every row of every table that a market has. */
async function readRows(marketId: string): Promise<Record<string, unknown>> {
  return await atOneSnapshot(db, async client => {
    const { rows: tables } = await client.query(
      `select table_name from information_schema.columns
        where table_schema = 'public' and column_name = 'market_id' order by table_name`,
    )
    const rowsOf = async (table: string, condition: string) => {
      const { rows } = await client.query(
        `select coalesce(jsonb_agg(to_jsonb(t) order by t::text), '[]') as rows from ${table} t where ${condition}`,
        [marketId],
      )
      return rows[0].rows
    }
    const rows: Record<string, unknown> = {
      outbox: await rowsOf('outbox', 'batch_id in (select batch_id from event_batches where market_id = $1)'),
    }
    for (const { table_name: table } of tables) rows[table] = await rowsOf(table, 'market_id = $1')
    return rows
  })
}
