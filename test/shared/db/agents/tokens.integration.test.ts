import { expect, test } from 'vitest'
import { createPostgresIdentity } from '../../../../shared/db/agents/postgres-identity.ts'
import { newToken } from '../../../../shared/identity/token.ts'
import { openMarket } from '../../economy/fresh-market.ts'
import { createPostgresUnderTest, readBooks } from '../../economy/postgres-under-test.ts'
import { ownDatabase } from '../own-database.ts'

const { db } = await ownDatabase()
const world = createPostgresUnderTest(db)
const identity = createPostgresIdentity(db, async () => {})
const actor = 'test'

async function issue(marketId: string, agent: string, graceSeconds = 0): Promise<string> {
  const issued = await identity.issueAgentToken({ marketId, agent, graceSeconds, actor })
  if (!issued.ok) throw new Error(issued.error.message)
  return issued.token
}

/** A lease of this many seconds, won by the agent. */
async function winLease(marketId: string, agent: string, durationSeconds = 60): Promise<string> {
  const bid = { amount: 10, bundle: { cpu: 0.5, durationSeconds } }
  await world.economy.admitBids(marketId, [{ agent, bid, via: 'cli', actor }])
  const opened = await world.economy.openCycle(marketId, null, 'run')
  if (!opened.ok) throw new Error(opened.error.message)
  await world.economy.settleCycle(marketId, opened.cycle)
  const { rows } = await db.query(
    `select lease_id from leases where market_id = $1 and status = 'active' order by starts_at desc limit 1`,
    [marketId],
  )
  return rows[0].lease_id
}

async function codeOf(
  found: Promise<{ ok: true } | { ok: false; error: { code: string } }>,
): Promise<string> {
  const outcome = await found
  return outcome.ok ? 'ok' : outcome.error.code
}

test('a token shows its agent, and is kept nowhere', async () => {
  const marketId = await openMarket(world, { ann: 100, bob: 100 })
  const token = await issue(marketId, 'ann')
  expect(await identity.findAgentOfToken(token)).toMatchObject({
    ok: true,
    marketId,
    agent: 'ann',
    endsAtMs: null,
  })
  expect(await codeOf(identity.findAgentOfToken(newToken('agent')))).toBe('unknown_token')
  expect(await codeOf(identity.findAgentOfToken(newToken('lease')))).toBe('wrong_token')
  const { rows } = await db.query(
    `select position(convert_to($1, 'utf8') in token_hash) as found from agent_tokens
     union all select position($1 in data::text) from outbox union all select position($1 in outcome::text) from operations`,
    [token],
  )
  expect(rows.every(row => row.found === 0)).toBe(true)
})

test('a new token ends the old one, at once or after the grace it is given', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  const first = await issue(marketId, 'ann')
  const second = await issue(marketId, 'ann')
  expect(await codeOf(identity.findAgentOfToken(first))).toBe('token_expired')
  const third = await issue(marketId, 'ann', 60)
  const graced = await identity.findAgentOfToken(second)
  expect(graced).toMatchObject({ ok: true, agent: 'ann' })
  expect(graced.ok && graced.endsAtMs).toBeGreaterThan(Date.now() + 30_000)
  expect(await codeOf(identity.findAgentOfToken(third))).toBe('ok')
  expect(
    await codeOf(identity.issueAgentToken({ marketId, agent: 'ann', graceSeconds: 86_401, actor })),
  ).toBe('invalid_grace')
})

test('revoking ends every token, tells each, and again tells nothing', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  const first = await issue(marketId, 'ann')
  const second = await issue(marketId, 'ann', 600)
  const request = { marketId, agent: 'ann', reason: 'leaked', actor }
  expect(await identity.revokeAgentTokens(request)).toEqual({ ok: true, agent: 'ann', revoked: 2 })
  for (const token of [first, second]) {
    expect(await codeOf(identity.findAgentOfToken(token))).toBe('token_revoked')
  }
  expect(await identity.listEndedTokens(60, 10)).toEqual(
    expect.arrayContaining([expect.objectContaining({ marketId, agent: 'ann' })]),
  )
  const before = await readBooks(db, marketId)
  expect(await identity.revokeAgentTokens(request)).toEqual({ ok: true, agent: 'ann', revoked: 0 })
  expect(await readBooks(db, marketId)).toEqual(before)
  const { rows } = await db.query(
    `select type, data ->> 'reason' as reason, data ->> 'actor' as actor from outbox join event_batches using (batch_id)
      where market_id = $1 and type like 'agent_token%' order by first_seq, ordinal`,
    [marketId],
  )
  expect(rows.map(row => `${row.type} ${row.reason ?? ''}`.trim())).toEqual([
    'agent_token_issued',
    'agent_token_revoked replaced',
    'agent_token_issued',
    'agent_token_revoked leaked',
    'agent_token_revoked leaked',
  ])
  expect(rows.every(row => row.actor === actor)).toBe(true)
})

test.each([
  ['nobody', 'unknown_agent'],
  ["ann'; drop table agents; --", 'unknown_agent'],
  ['a\0b', 'invalid_text'],
])('no token for %j', async (agent, code) => {
  const marketId = await openMarket(world, { ann: 100 })
  expect(await codeOf(identity.issueAgentToken({ marketId, agent, graceSeconds: 0, actor }))).toBe(code)
  expect(
    await codeOf(identity.issueAgentToken({ marketId: 'nowhere', agent: 'ann', graceSeconds: 0, actor })),
  ).toBe('unknown_market')
})

test('two new tokens at once leave one of them good', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  const tokens = await Promise.all(Array.from({ length: 8 }, () => issue(marketId, 'ann')))
  const found = await Promise.all(tokens.map(token => codeOf(identity.findAgentOfToken(token))))
  expect(found.filter(code => code === 'ok')).toHaveLength(1)
})

test('a lease token shows what was won, until the lease ends', async () => {
  const marketId = await openMarket(world, { ann: 100, bob: 100 })
  const leaseId = await winLease(marketId, 'ann')
  expect(await codeOf(identity.issueLeaseToken({ marketId, leaseId, agent: 'bob', actor }))).toBe(
    'unknown_lease',
  )
  expect(await codeOf(identity.issueLeaseToken({ marketId: 'other', leaseId, agent: null, actor }))).toBe(
    'unknown_lease',
  )
  expect(await codeOf(identity.issueLeaseToken({ marketId, leaseId: 'x', agent: null, actor }))).toBe(
    'unknown_lease',
  )
  const issued = await identity.issueLeaseToken({ marketId, leaseId, agent: 'ann', actor })
  if (!issued.ok) throw new Error(issued.error.message)
  const found = await identity.findLeaseOfToken(issued.token)
  expect(found).toMatchObject({
    ok: true,
    lease: { marketId, agent: 'ann', owner: null, leaseId, durationSeconds: 60 },
  })
  if (!found.ok) throw new Error(found.error.message)
  expect(found.lease.resources.map(one => [one.name, one.quantityPpm])).toEqual([
    ['cpu', 500_000],
    ['memory', 0],
  ])
  expect(found.lease.remainingMs).toBeGreaterThan(0)
  expect(found.lease.remainingMs).toBeLessThanOrEqual(60_000)
  expect(await codeOf(identity.findLeaseOfToken(newToken('lease')))).toBe('unknown_token')
  expect(await codeOf(identity.findLeaseOfToken(newToken('agent')))).toBe('wrong_token')

  await db.query(`update agents set frozen = true where market_id = $1 and name = 'ann'`, [marketId])
  expect(await codeOf(identity.findLeaseOfToken(issued.token))).toBe('agent_frozen')
  expect(await codeOf(identity.issueLeaseToken({ marketId, leaseId, agent: 'ann', actor }))).toBe(
    'agent_frozen',
  )
  await db.query(
    `update agents set frozen = false, status = 'dead', judge_at = null where market_id = $1 and name = 'ann'`,
    [marketId],
  )
  expect(await codeOf(identity.findLeaseOfToken(issued.token))).toBe('agent_not_alive')
  await db.query(`update agents set status = 'alive' where market_id = $1 and name = 'ann'`, [marketId])
  await db.query(
    `update leases set starts_at = now() - interval '2 s', ends_at = now() - interval '1 s' where lease_id = $1`,
    [leaseId],
  )
  expect(await codeOf(identity.findLeaseOfToken(issued.token))).toBe('token_expired')
  expect(await codeOf(identity.issueLeaseToken({ marketId, leaseId, agent: 'ann', actor }))).toBe(
    'lease_ended',
  )
})

test('a lease has eight tokens at most; another takes the place of the oldest', async () => {
  const marketId = await openMarket(world, { ann: 100 })
  const leaseId = await winLease(marketId, 'ann')
  const tokens: string[] = []
  for (let made = 0; made < 10; made++) {
    const issued = await identity.issueLeaseToken({ marketId, leaseId, agent: null, actor })
    if (issued.ok) tokens.push(issued.token)
  }
  const found = await Promise.all(tokens.map(token => codeOf(identity.findLeaseOfToken(token))))
  expect(found).toEqual([...Array(2).fill('unknown_token'), ...Array(8).fill('ok')])
})
