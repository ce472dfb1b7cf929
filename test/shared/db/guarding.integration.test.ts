import { expect, test } from 'vitest'
import { listActs } from '../../../shared/db/agents/list-acts.ts'
import { createPostgresIdentity } from '../../../shared/db/agents/postgres-identity.ts'
import { createPostgresLedger } from '../../../shared/db/ledger/postgres-ledger.ts'
import { openMarket } from '../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../economy/postgres-under-test.ts'
import { ownDatabase } from './own-database.ts'

const { db } = await ownDatabase()
const world = createPostgresUnderTest(db)
const identity = createPostgresIdentity(db, async () => {})
const ledger = createPostgresLedger(db, async () => {})
const actor = 'cli/test'
const bid = { amount: 10, bundle: { cpu: 0.1, durationSeconds: 10 } }

async function place(marketId: string, agents: readonly string[], more: object = {}): Promise<string[]> {
  const submissions = agents.map(agent => ({ agent, bid: { ...bid, ...more }, via: 'cli' as const, actor }))
  const verdicts = await world.economy.admitBids(marketId, submissions)
  return verdicts.map(verdict => (verdict.ok ? 'ok' : verdict.error.code))
}

async function moneyOf(marketId: string, agent: string) {
  const { rows } = await db.query(
    'select available_micro, held_micro, open_bids from agents where market_id = $1 and name = $2',
    [marketId, agent],
  )
  return rows[0]
}

test('a frozen agent has no open bid left, may not act, and is not bid for, until it is unfrozen', async () => {
  const marketId = await openMarket(world, { ann: 100, bob: 100 })
  expect(await place(marketId, ['ann', 'bob', 'bob'])).toEqual(['ok', 'ok', 'ok'])
  expect(await place(marketId, ['bob'], { onBehalfOf: 'ann' })).toEqual(['ok'])
  const freeze = { marketId, agent: 'ann', reason: 'odd bids', actor }
  expect(await identity.freezeAgent(freeze)).toEqual({ ok: true, agent: 'ann', frozen: true, released: 2 })
  expect(await moneyOf(marketId, 'ann')).toEqual({
    available_micro: 100_000_000n,
    held_micro: 0n,
    open_bids: 0,
  })
  expect(await moneyOf(marketId, 'bob')).toEqual({
    available_micro: 80_000_000n,
    held_micro: 20_000_000n,
    open_bids: 2,
  })

  const before = await readBooks(db, marketId)
  expect(await identity.freezeAgent(freeze)).toEqual({ ok: true, agent: 'ann', frozen: true, released: 0 })
  const money = { amountMicro: 1n, key: null, marketId }
  const refused = { ok: false, error: { code: 'agent_frozen' } }
  expect(await ledger.transfer({ ...money, from: 'ann', to: 'bob', purpose: '' })).toMatchObject(refused)
  expect(await ledger.placeHold({ ...money, agent: 'ann', ref: 'call' })).toMatchObject(refused)
  expect(await identity.issueAgentToken({ marketId, agent: 'ann', graceSeconds: 0, actor })).toMatchObject(
    refused,
  )
  expect(await readBooks(db, marketId)).toEqual(before)
  expect(await place(marketId, ['ann'])).toEqual(['agent_frozen'])
  expect(await place(marketId, ['bob'], { onBehalfOf: 'ann' })).toEqual(['agent_frozen'])

  expect(await ledger.transfer({ ...money, from: 'bob', to: 'ann', purpose: '' })).toMatchObject({ ok: true })
  expect(await identity.unfreezeAgent(freeze)).toEqual({ ok: true, agent: 'ann', frozen: false })
  expect(await place(marketId, ['ann'])).toEqual(['ok'])
})

test('freezing while bids come in leaves none open', async () => {
  const marketId = await openMarket(world, { ann: 1_000, bob: 1_000 })
  const bids = Array.from({ length: 20 }, (_, n) =>
    place(marketId, [n % 2 === 0 ? 'ann' : 'bob'], { onBehalfOf: 'ann' }),
  )
  await identity.freezeAgent({ marketId, agent: 'ann', reason: 'test', actor })
  await Promise.all(bids)
  const { rows } = await db.query(`select count(*) from bids where market_id = $1 and status = 'pending'`, [
    marketId,
  ])
  expect(rows[0].count).toBe(0n)
})

test('agents of one owner have together what one agent has', async () => {
  const marketId = await openMarket(
    world,
    {},
    { ownerMaxOpenBids: 3, ownerBidsPerSecond: 1, ownerBidBurst: 6 },
  )
  for (const agent of ['a1', 'a2', 'a3', 'b1']) {
    const owner = agent.startsWith('a') ? 'ada' : 'ben'
    await world.economy.registerAgent({ marketId, agent, owner, creditsMicro: 1_000_000_000n })
  }
  expect(await place(marketId, ['a1', 'a2', 'a3', 'a1', 'b1'])).toEqual([
    'ok',
    'ok',
    'ok',
    'too_many_open_bids',
    'ok',
  ])
  expect(await place(marketId, ['a2', 'a3', 'a1', 'a2', 'a3', 'b1'])).toEqual([
    'too_many_open_bids',
    'too_many_open_bids',
    'rate_limited',
    'rate_limited',
    'rate_limited',
    'ok',
  ])
})

test('agents of one owner that bid at once, from everywhere, stay within its limit', async () => {
  const marketId = await openMarket(world, {}, { ownerMaxOpenBids: 5, ownerBidsPerSecond: null })
  const agents = Array.from({ length: 20 }, (_, n) => `a${n}`)
  for (const agent of agents) {
    await world.economy.registerAgent({ marketId, agent, owner: 'ada', creditsMicro: 1_000_000_000n })
  }
  const verdicts = (await Promise.all(agents.map(agent => place(marketId, [agent])))).flat()
  expect(verdicts.filter(verdict => verdict === 'ok')).toHaveLength(5)
})

test('a balance is corrected both ways, once under its key, and never below zero', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  const up = { marketId, agent: 'ann', amountMicro: 5_000_000n, reason: 'paid twice', actor, key: 'k1' }
  const first = await ledger.adjust(up)
  expect(first).toMatchObject({ ok: true, balance: '105' })
  expect(await ledger.adjust(up)).toEqual(first)
  expect(await ledger.adjust({ ...up, amountMicro: 6_000_000n })).toMatchObject({
    error: { code: 'idempotency_conflict' },
  })
  expect(await ledger.adjust({ ...up, amountMicro: -25_000_000n, key: 'k2' })).toMatchObject({
    balance: '80',
  })
  const before = await readBooks(db, marketId)
  expect(await ledger.adjust({ ...up, amountMicro: -81_000_000n, key: null })).toMatchObject({
    error: { code: 'insufficient_balance' },
  })
  expect(await ledger.adjust({ ...up, amountMicro: 0n, key: null })).toMatchObject({
    error: { code: 'invalid_amount' },
  })
  expect(await readBooks(db, marketId)).toEqual(before)
})

test('the audit lists what was done in whose name, the newest first, and no bids', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  await place(marketId, ['ann'])
  await world.economy.pauseMarket(marketId, actor)
  await identity.freezeAgent({ marketId, agent: 'ann', reason: 'odd', actor })
  await ledger.adjust({ marketId, agent: 'ann', amountMicro: 1n, reason: 'fix', actor, key: null })
  await ledger.grant({ marketId, agent: 'ann', amountMicro: 1n, reason: 'gift', actor, key: null })
  const acts = await listActs(db, marketId, 10)
  expect(acts.map(act => act.type)).toEqual([
    'credits_minted',
    'credits_minted',
    'ledger_adjusted',
    'agent_frozen',
    'market_paused',
  ])
  expect(acts.every(act => act.actor === actor && act.marketId === marketId)).toBe(true)
  expect(acts.find(act => act.type === 'agent_frozen')).toMatchObject({
    agent: 'ann',
    data: { reason: 'odd' },
  })
  expect(await listActs(db, marketId, 2)).toEqual(acts.slice(0, 2))
})
