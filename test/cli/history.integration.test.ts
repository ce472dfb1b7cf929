import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import { AGENT_BIDS_PAGE } from '../../shared/db/bids/list-bids.ts'
import { AGENT_TRANSACTIONS_PAGE } from '../../shared/db/ledger/list-transactions.ts'
import { readHistory } from '../../shared/db/ledger/read-history.ts'
import { createDatabase, type Database } from '../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../shared/db/postgres-economy.ts'
import { marketSettingsSchema } from '../../shared/market/rules.ts'

const BIDS = 3_000
const BATCH = 500
const marketId = `history-${randomUUID().slice(0, 8)}`
let db: Database
let agentId: bigint

beforeAll(async () => {
  db = createDatabase(process.env.BOURSE_POSTGRES_URL!, 'history test', 4)
  const economy = createPostgresEconomy(db, async () => {})
  const rules = { bidsPerSecond: null, maxOpenBids: 100_000 }
  await economy.createMarket(marketId, marketSettingsSchema.parse({ rules }))
  // No worker is to clear a part of the book before all of it is there.
  await economy.pauseMarket(marketId, 'test')
  for (const agent of ['ada', 'bob']) {
    await economy.registerAgent({ marketId, agent, creditsMicro: 1_000_000_000_000n })
  }
  for (let placed = 0; placed < BIDS; placed += BATCH) {
    const submissions = Array.from({ length: BATCH }, (_, place) => ({
      agent: place % 2 === 0 ? 'ada' : 'bob',
      bid: { amount: '1', bundle: { cpu: 0.000001, durationSeconds: 1 } },
      via: 'cli' as const,
      actor: 'cli/test',
    }))
    const verdicts = await economy.admitBids(marketId, submissions)
    expect(verdicts.every(verdict => verdict.ok)).toBe(true)
  }
  const opened = await economy.openCycle(marketId, null, 'test')
  expect(opened.ok).toBe(true)
  await economy.settleCycle(marketId, 1)
  const found = await findAgentId(db, marketId, 'ada')
  if (!found.ok) throw new Error(found.error.message)
  agentId = found.agentId
  await db.query('analyze bids, transactions')
})
afterAll(() => db?.end())

it.each([
  ['bids', AGENT_BIDS_PAGE, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'bids_history'],
  ['transactions', AGENT_TRANSACTIONS_PAGE, '9223372036854775807', 'transactions_history'],
])(
  'a page of %s is read in the order of its index: no sort, no sequential scan',
  async (_name, page, highest, index) => {
    const { rows } = await db.query(`explain ${page}`, [agentId, 'infinity', highest, 50])
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    expect(plan).toContain(`Index Scan Backward using ${index}`)
    expect(plan).not.toMatch(/Sort|Seq Scan on (bids|transactions)/)
  },
)

it('pages hold everything once, in one order, even where many things share an instant', async () => {
  const whole = await readHistory(db, { marketId, agentId }, BIDS * 2)
  expect(whole.next).toBeNull()
  expect(whole.items.filter(item => item.kind === 'bid')).toHaveLength(BIDS / 2)
  // Every bid of so small a bundle won: a payment each, and the endowment.
  expect(whole.items.filter(item => item.kind === 'transaction')).toHaveLength(BIDS / 2 + 1)
  const paged = []
  let before: Parameters<typeof readHistory>[3] = {}
  for (;;) {
    const page = await readHistory(db, { marketId, agentId }, 97, before)
    paged.push(...page.items)
    if (page.next === null) break
    before = { before: page.next }
  }
  expect(paged).toEqual(whole.items)
})
