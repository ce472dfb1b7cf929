import fc from 'fast-check'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { areTokensUsedUp } from '../../../../shared/db/leases/lease-tokens-left.ts'
import {
  type EndedCall,
  settleStatement,
  settleWholeStatement,
} from '../../../../shared/db/llm/llm-statements.ts'
import { createPostgresLlmStore } from '../../../../shared/db/llm/llm-store.ts'
import { hashToken } from '../../../../shared/identity/token.ts'
import type { Settlement } from '../../../../shared/llm/llm-store.ts'
import { NO_USAGE } from '../../../../shared/llm/usage.ts'
import { leaseTokens, readBudget } from '../../../workers/llm-proxy/leased-tokens.ts'
import { runProcess } from '../child-process.ts'
import { ownDatabase } from '../own-database.ts'

const { db, url } = await ownDatabase()
const store = createPostgresLlmStore(db, async () => {})

const worst = {
  promptTokens: 100,
  outputTokens: 50,
  choices: 2,
  inputPriceMicro: 1_000_000n,
  outputPriceMicro: 2_000_000n,
}
const request = (leaseId: string, more: object = {}) => ({
  callId: crypto.randomUUID(),
  leaseId,
  model: 'small',
  stream: false,
  worst,
  deadlineSeconds: 60,
  traceparent: null,
  ...more,
})
const used = (completionTokens: number, more: Partial<Settlement> = {}): Settlement => ({
  outcome: 'completed',
  charge: 'used',
  usage: { ...NO_USAGE, completionTokens },
  costMicro: 7n,
  upstream: 'first',
  attempts: 1,
  latencyMs: 12.4,
  firstTokenMs: 3.6,
  ...more,
})

describe('a budget', () => {
  test('is fraction x capacity per minute x duration', async () => {
    const { leaseId } = await leaseTokens(db, 60_000)
    expect(await store.reserve(request(leaseId))).toMatchObject({
      ok: true,
      tokens: 200,
      costMicro: 300n,
      agent: 'ann',
    })
    expect(await readBudget(db, leaseId)).toMatchObject({ granted: 60_000, reserved: 200, open: 1, calls: 1 })
  })

  test('of a lease without tokens is nothing', async () => {
    const { leaseId } = await leaseTokens(db, 0)
    expect(await store.reserve(request(leaseId))).toMatchObject({
      status: 402,
      code: 'lease_tokens_used_up',
      details: { left: 0 },
    })
  })

  test('cannot be overspent in the database itself', async () => {
    const { leaseId } = await leaseTokens(db, 60_000)
    await store.reserve(request(leaseId))
    const overspend = db.query('update llm_budgets set used_tokens = 59801 where lease_id = $1', [leaseId])
    await expect(overspend).rejects.toThrow('never_overspent')
  })
})

test('a settlement charges what was used, gives the rest back and happens once, whoever tries', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  const one = request(leaseId)
  await store.reserve(one)
  const settled = await Promise.all(Array.from({ length: 8 }, () => store.settle(one.callId, used(30))))
  expect(settled.filter(({ resolved }) => resolved)).toEqual([{ resolved: true, chargedTokens: 30 }])
  expect(await readBudget(db, leaseId)).toMatchObject({ used: 30, reserved: 0, open: 0, charged: 30 })
  const { rows } = await db.query('select * from llm_calls where call_id = $1', [one.callId])
  expect(rows[0]).toMatchObject({
    status: 'settled',
    outcome: 'completed',
    upstream: 'first',
    completion_tokens: 30n,
    charged_tokens: 30n,
    cost_micro: 7n,
    attempts: 1,
    latency_ms: 12,
    first_token_ms: 4,
  })
  const again = db.query(`update llm_calls set charged_tokens = 1 where call_id = $1`, [one.callId])
  await expect(again).rejects.toThrow('settled already')
})

test('a call whose process died is charged its worst case by whoever looks, once', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  const [dead, alive] = [request(leaseId), request(leaseId)]
  await store.reserve(dead)
  await store.reserve(alive)
  await db.query(
    `update llm_calls set reserved_at = reserved_at - interval '2 min', deadline_at = deadline_at - interval '2 min'
      where call_id = $1`,
    [dead.callId],
  )
  const resolved = await Promise.all([store.resolveOverdue(), store.resolveOverdue(), store.resolveOverdue()])
  expect(resolved.reduce((sum, count) => sum + count)).toBe(1)
  expect(await readBudget(db, leaseId)).toMatchObject({ used: 200, reserved: 200, open: 1 })
  expect(await store.settle(dead.callId, used(5))).toMatchObject({ resolved: false })
  const { rows } = await db.query('select outcome, cost_micro from llm_calls where call_id = $1', [
    dead.callId,
  ])
  expect(rows[0]).toEqual({ outcome: 'abandoned', cost_micro: 300n })
})

test('who may not use its lease is refused', async () => {
  const { leaseId, marketId } = await leaseTokens(db, 60_000)
  const refusal = () => store.reserve(request(leaseId))
  await db.query('update agents set frozen = true where market_id = $1', [marketId])
  expect(await refusal()).toMatchObject({ status: 403, code: 'agent_frozen' })
  await db.query(`update agents set frozen = false, status = 'dead', judge_at = null where market_id = $1`, [
    marketId,
  ])
  expect(await refusal()).toMatchObject({ status: 403, code: 'agent_not_alive' })
  await db.query(`update agents set status = 'alive' where market_id = $1`, [marketId])
  await db.query(
    `update leases set starts_at = starts_at - interval '1 hour', ends_at = ends_at - interval '1 hour' where lease_id = $1`,
    [leaseId],
  )
  expect(await refusal()).toMatchObject({ status: 401, code: 'token_expired' })
  expect(await store.reserve(request(crypto.randomUUID()))).toMatchObject({
    status: 401,
    code: 'unknown_token',
  })
})

test('a call that nothing stands in the way of takes one statement to begin and one to end', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  await store.reserve(request(leaseId))
  const query = vi.spyOn(pg.Client.prototype, 'query')
  const statements = () => query.mock.calls.map(([statement]) => (statement as { name?: string }).name)
  try {
    const one = request(leaseId)
    await store.reserve(one)
    await store.settle(one.callId, used(30))
    expect(statements()).toEqual(['llm-reserve-whole', 'llm-settle-whole'])
  } finally {
    query.mockRestore()
  }
  expect(await readBudget(db, leaseId)).toMatchObject({ used: 30, reserved: 200, open: 1 })
})

test('calls that come together begin and end together, each with its own figures', async () => {
  const [one, two] = await Promise.all([leaseTokens(db, 60_000), leaseTokens(db, 60_000)])
  for (const { leaseId } of [one, two]) await store.reserve(request(leaseId))
  const made = Array.from({ length: 12 }, (_, nth) => ({
    ...request((nth % 2 === 0 ? one : two).leaseId),
    worst: { ...worst, outputTokens: 10 + nth },
  }))
  const query = vi.spyOn(pg.Client.prototype, 'query')
  try {
    const reserved = await Promise.all(made.map(call => store.reserve(call)))
    expect(reserved).toMatchObject(made.map((_, nth) => ({ ok: true, tokens: 120 + 2 * nth })))
    const settled = await Promise.all(made.map(({ callId }, nth) => store.settle(callId, used(nth))))
    expect(settled).toEqual(made.map((_, nth) => ({ resolved: true, chargedTokens: nth })))
    expect(query.mock.calls.length).toBeLessThanOrEqual(4)
  } finally {
    query.mockRestore()
  }
  expect(await readBudget(db, one.leaseId)).toMatchObject({ used: 30, reserved: 200, open: 1 })
  expect(await readBudget(db, two.leaseId)).toMatchObject({ used: 36, reserved: 200, open: 1 })
})

test('a call that is wrong spoils none of those it came with', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  await store.reserve(request(leaseId))
  const known = request(leaseId)
  const [fine, wrong, empty] = await Promise.allSettled([
    store.reserve(known),
    store.reserve(request('no lease at all')),
    store.reserve(request(leaseId, { worst: { ...worst, promptTokens: 60_001 } })),
  ])
  expect(fine).toMatchObject({ value: { ok: true, tokens: 200 } })
  expect(wrong).toMatchObject({ status: 'rejected' })
  expect(empty).toMatchObject({ value: { ok: false, code: 'lease_tokens_used_up' } })
})

test('a lease that somebody else holds keeps no other waiting', async () => {
  const [held, free] = await Promise.all([leaseTokens(db, 60_000), leaseTokens(db, 60_000)])
  for (const { leaseId } of [held, free]) await store.reserve(request(leaseId))
  const client = await db.connect()
  try {
    await client.query('begin')
    await client.query('select from llm_budgets where lease_id = $1 for update', [held.leaseId])
    const waiting = store.reserve(request(held.leaseId))
    const other = request(free.leaseId)
    expect(await store.reserve(other)).toMatchObject({ ok: true })
    expect(await store.settle(other.callId, used(3))).toMatchObject({ resolved: true })
    await client.query('commit')
    expect(await waiting).toMatchObject({ ok: true })
  } finally {
    client.release()
  }
})

test('a lease is used up once a call was refused for what was left, not while calls under way may give back', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  expect(await areTokensUsedUp(db, leaseId)).toBe(false)
  const large = { ...worst, promptTokens: 100, outputTokens: 29_900 }
  const one = request(leaseId, { worst: large })
  expect(await store.reserve(one)).toMatchObject({ ok: true, tokens: 59_900 })
  const next = { ...worst, promptTokens: 500 }
  const again = () => store.reserve(request(leaseId, { worst: next }))
  expect(await again()).toMatchObject({ code: 'lease_tokens_in_flight' })
  expect(await areTokensUsedUp(db, leaseId)).toBe(false)
  await store.settle(one.callId, used(59_900))
  expect(await areTokensUsedUp(db, leaseId)).toBe(false)
  for (const _ of ['once', 'twice']) {
    expect(await again()).toMatchObject({ code: 'lease_tokens_used_up', details: { left: 100 } })
    expect(await areTokensUsedUp(db, leaseId)).toBe(true)
  }
})

test('a token that is none of the lease (any more) begins no call', async () => {
  const { leaseId, token } = await leaseTokens(db, 60_000)
  const shown = (text: string) => store.reserve({ ...request(leaseId), tokenHash: hashToken(text) })
  for (const time of ['first', 'later']) {
    expect(await shown(token), time).toMatchObject({ ok: true })
    expect(await shown('another'), time).toMatchObject({ status: 401, code: 'unknown_token' })
  }
  await db.query('delete from lease_tokens where lease_id = $1', [leaseId])
  expect(await shown(token)).toMatchObject({ status: 401, code: 'unknown_token' })
})

test('a call is cut to what is left, beside others and at the last token', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  const large = { ...worst, outputTokens: 29_800 }
  expect(await store.reserve(request(leaseId, { worst: large }))).toMatchObject({ tokens: 59_700 })
  expect(await store.reserve(request(leaseId))).toMatchObject({ tokens: 200, outputTokens: 50 })
  expect(await store.reserve(request(leaseId))).toMatchObject({ code: 'lease_tokens_in_flight' })
  const prompt = { ...worst, promptTokens: 90 }
  expect(await store.reserve(request(leaseId, { worst: prompt }))).toMatchObject({
    tokens: 100,
    outputTokens: 5,
  })
  expect(await readBudget(db, leaseId)).toMatchObject({ reserved: 60_000, open: 3 })
})

test('a settlement waits for the disk only where it is told as an event', async () => {
  const { leaseId, marketId } = await leaseTokens(db, 60_000)
  const settleOne = ([call]: readonly EndedCall[]) => settleStatement(call!)
  const client = await db.connect()
  const commits = async () => (await client.query('show synchronous_commit')).rows[0].synchronous_commit
  try {
    for (const [statement, rules, told] of [
      [settleWholeStatement, {}, 'off'],
      [settleOne, {}, 'off'],
      [settleOne, { observeCalls: true }, 'on'],
    ] as const) {
      const one = request(leaseId)
      await store.reserve(one)
      await client.query('begin')
      await client.query(`update markets set rules = rules || $2 where market_id = $1`, [marketId, rules])
      await client.query(statement([{ callId: one.callId, settlement: used(30) }]))
      expect(await commits()).toBe(told)
      await client.query('commit')
      expect(await commits()).toBe('on')
    }
  } finally {
    client.release()
  }
})

describe('a limit of the market', () => {
  test('on tokens per minute counts what is set aside, and what is given back no more', async () => {
    const { leaseId } = await leaseTokens(db, 60_000, { llmTokensPerMinute: 350 })
    const one = request(leaseId)
    await sameMinute(async () => {
      await store.reserve(one)
      const refused = await store.reserve(request(leaseId))
      expect(refused).toMatchObject({ status: 429, code: 'market_limit_reached' })
      expect(refused.ok ? 0 : refused.retryAfterSeconds).toBeGreaterThan(0)
      await store.settle(one.callId, used(150))
      expect(await store.reserve(request(leaseId))).toMatchObject({ ok: true })
    })
  })

  test('on money per minute, too', async () => {
    const { leaseId } = await leaseTokens(db, 60_000, { llmCostPerMinute: '0.000500' })
    await sameMinute(async () => {
      expect(await store.reserve(request(leaseId))).toMatchObject({ ok: true, costMicro: 300n })
      expect(await store.reserve(request(leaseId))).toMatchObject({ code: 'market_limit_reached' })
    })
  })

  test("on what an owner's agents spend holds for all of them together, and for nobody else", async () => {
    const { leaseId, marketId } = await leaseTokens(db, 60_000, { ownerLlmTokensPerMinute: 350 })
    const other = await leaseTokens(db, 60_000, { ownerLlmCostPerMinute: '0.000500' })
    for (const market of [marketId, other.marketId]) {
      await db.query(`insert into owners (market_id, owner) values ($1, 'acme')`, [market])
      await db.query(`update agents set owner = 'acme' where market_id = $1`, [market])
    }
    const one = request(leaseId)
    await sameMinute(async () => {
      expect(await store.reserve(one)).toMatchObject({ ok: true, tokens: 200 })
      expect(await store.reserve(request(leaseId))).toMatchObject({
        status: 429,
        code: 'owner_limit_reached',
        retryAfterSeconds: expect.any(Number),
      })
      await store.settle(one.callId, used(150))
      expect(await store.reserve(request(leaseId))).toMatchObject({ ok: true })
      expect(await store.reserve(request(leaseId))).toMatchObject({ code: 'owner_limit_reached' })
      await db.query('update agents set owner = null where market_id = $1', [marketId])
      expect(await store.reserve(request(leaseId))).toMatchObject({ ok: true })
      expect(await store.reserve(request(other.leaseId))).toMatchObject({ ok: true, costMicro: 300n })
      expect(await store.reserve(request(other.leaseId))).toMatchObject({ code: 'owner_limit_reached' })
    })
  })

  test('on the calls of a lease', async () => {
    const { leaseId } = await leaseTokens(db, 60_000, { llmCallsPerLease: 3 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.reserve(request(leaseId))))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(3)
    expect(answers.find(({ ok }) => !ok)).toMatchObject({
      status: 429,
      code: 'too_many_calls',
      retryAfterSeconds: 1,
    })
  })
})

test('budgets raced from several processes are never overspent, and nothing stays set aside', async () => {
  const { leaseId, marketId } = await leaseTokens(db, 6_000)
  const racer = new URL('./llm-racer.ts', import.meta.url)
  const printed = await Promise.all(
    Array.from({ length: 3 }, (_, nth) => runProcess(racer, [url, leaseId, '60', String(nth)])),
  )
  const { reserved, refused } = printed
    .map(text => JSON.parse(text))
    .reduce((sum, one) => ({ reserved: sum.reserved + one.reserved, refused: sum.refused + one.refused }))
  expect(reserved + refused).toBe(180)
  expect(refused).toBeGreaterThan(0)
  const budget = await readBudget(db, leaseId)
  expect(budget).toMatchObject({ reserved: 0, open: 0, calls: reserved })
  expect(budget.used).toBe(budget.charged)
  expect(budget.used).toBeLessThanOrEqual(6_000)
  expect(budget.used).toBeGreaterThan(5_000)
  const { rows } = await db.query('select from llm_calls where market_id = $1 and status = $2', [
    marketId,
    'reserved',
  ])
  expect(rows).toHaveLength(0)
})

test('in whatever order calls begin and end, the books stay right', async () => {
  const step = fc.oneof(
    fc.record({ prompt: fc.integer({ min: 1, max: 3_000 }), output: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ end: fc.nat(10), used: fc.integer({ min: 0, max: 20_000 }), unknown: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
      const { leaseId } = await leaseTokens(db, 6_000)
      const open: string[] = []
      for (const one of steps) {
        if ('prompt' in one) {
          const made = request(leaseId, {
            worst: { ...worst, promptTokens: one.prompt, outputTokens: one.output },
          })
          if ((await store.reserve(made)).ok) open.push(made.callId)
        } else if (open.length > 0) {
          const [callId] = open.splice(one.end % open.length, 1)
          await store.settle(callId!, used(one.used, one.unknown ? { charge: 'reserved' } : {}))
        }
      }
      for (const callId of open) await store.settle(callId, used(0))
      const budget = await readBudget(db, leaseId).catch(() => null)
      if (budget === null) return
      expect(budget).toMatchObject({ reserved: 0, open: 0, used: budget.charged })
      expect(budget.used).toBeLessThanOrEqual(6_000)
    }),
    { numRuns: 15 },
  )
})

test('a market that observes its agents is told of a call and of its end', async () => {
  const { leaseId, marketId } = await leaseTokens(db, 60_000)
  await db.query(`update markets set rules = rules || '{"observeCalls": true}' where market_id = $1`, [
    marketId,
  ])
  const one = request(leaseId)
  await store.reserve(one)
  await store.settle(one.callId, used(30))
  const { rows } = await db.query(
    `select o.type, o.agent, o.correlation_id, o.data from outbox o join event_batches b using (batch_id)
      where b.market_id = $1 and o.type like 'tool_call%' order by b.first_seq`,
    [marketId],
  )
  expect(rows).toMatchObject([
    {
      type: 'tool_call_initiated',
      agent: 'ann',
      correlation_id: one.callId,
      data: { parameters: { model: 'small' } },
    },
    {
      type: 'tool_call_completed',
      agent: 'ann',
      correlation_id: one.callId,
      data: { result: 'success', response: { charged_tokens: 30 } },
    },
  ])
})

/** Tries again when the minute turned meanwhile. */
async function sameMinute(act: () => Promise<void>): Promise<void> {
  const minute = async () =>
    (await db.query(`select date_trunc('minute', clock_timestamp())::text as minute`)).rows[0].minute
  const before = await minute()
  try {
    await act()
  } catch (error) {
    if ((await minute()) === before) throw error
  }
}
