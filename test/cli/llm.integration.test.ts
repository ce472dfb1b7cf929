import { afterAll, expect, test } from 'vitest'
import { recordCircuits } from '../../shared/db/llm/llm-circuits.ts'
import { createPostgresLlmStore } from '../../shared/db/llm/llm-store.ts'
import { createDatabase } from '../../shared/db/pool.ts'
import { leaseTokens } from '../workers/llm-proxy/leased-tokens.ts'
import { bourseJson } from './run-bourse.ts'

const db = createDatabase(process.env.BOURSE_POSTGRES_URL ?? '', 'llm cli test', 2)
afterAll(() => db.end())

async function call(leaseId: string, model: string, tokens: number): Promise<void> {
  const store = createPostgresLlmStore(db, async () => {})
  const callId = crypto.randomUUID()
  const worst = { promptTokens: 50, outputTokens: 50, choices: 1, inputPriceMicro: 0n, outputPriceMicro: 0n }
  const request = { callId, leaseId, model, stream: false, worst, deadlineSeconds: 60, traceparent: null }
  const reserved = await store.reserve(request)
  if (!reserved.ok) throw new Error(reserved.message)
  await store.settle(callId, {
    outcome: 'completed',
    charge: 'used',
    usage: { promptTokens: tokens, completionTokens: 1, cachedTokens: 0, source: 'reported' },
    costMicro: 1_500_000n,
    upstream: 'first',
    attempts: 1,
    latencyMs: 5,
    firstTokenMs: null,
  })
}

test('usage is summed by agent, model and owner, and is what the budgets say', async () => {
  const { marketId, leaseId } = await leaseTokens(db, 60_000)
  await db.query(`insert into owners (market_id, owner) values ($1, 'acme')`, [marketId])
  await db.query(`update agents set owner = 'acme' where market_id = $1`, [marketId])
  await call(leaseId, 'small', 9)
  await call(leaseId, 'small', 19)
  await call(leaseId, 'large', 29)
  const report = async (by: string) => {
    const { code, document } = await bourseJson(['report', 'usage', '--by', by, '--market', marketId])
    expect(code).toBe(0)
    return document
  }
  const byAgent = await report('agent')
  expect(byAgent.items).toEqual([
    {
      marketId,
      agent: 'ann',
      calls: 3,
      failed: 0,
      promptTokens: '57',
      completionTokens: '3',
      chargedTokens: '60',
      cost: '4.500000',
    },
  ])
  expect(byAgent.reconciled).toEqual({
    ok: true,
    chargedTokens: '60',
    differenceTokens: '0',
    openCalls: 0,
    reservedTokens: '0',
  })
  expect((await report('model')).items).toMatchObject([
    { model: 'small', calls: 2, chargedTokens: '30' },
    { model: 'large', calls: 1, chargedTokens: '30' },
  ])
  expect((await report('owner')).items).toMatchObject([{ owner: 'acme', calls: 3 }])
  await db.query('update llm_budgets set used_tokens = used_tokens + 1 where lease_id = $1', [leaseId])
  const { code, document } = await bourseJson(['report', 'usage', '--market', marketId])
  expect([code, document]).toMatchObject([1, { ok: false, reconciled: { differenceTokens: '1' } }])
  await db.query('update llm_budgets set used_tokens = used_tokens - 1 where lease_id = $1', [leaseId])
})

test('the circuits of every process are shown, and what is under way', async () => {
  const processId = crypto.randomUUID()
  await recordCircuits(db, processId, [{ upstream: 'shown-upstream', status: 'closed', failures: 0 }])
  const { code, document } = await bourseJson(['llm', 'status'])
  expect(code).toBe(0)
  expect(document).toMatchObject({
    ok: true,
    openCalls: expect.any(Number),
    reservedTokens: expect.any(String),
  })
  expect(document.circuits).toContainEqual(
    expect.objectContaining({ processId, upstream: 'shown-upstream', status: 'closed', failures: 0 }),
  )
})
