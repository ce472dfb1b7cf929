import { expect, test } from 'vitest'
import { auditMarkets } from '../../../../shared/db/audit/audit.ts'
import { recordRefusals } from '../../../../shared/db/llm/llm-refusals.ts'
import { createPostgresLlmStore } from '../../../../shared/db/llm/llm-store.ts'
import { readUsageReport, USAGE_GROUPS } from '../../../../shared/db/llm/llm-usage.ts'
import { pruneLlmCalls } from '../../../../shared/db/llm/prune-llm-calls.ts'
import { inTransaction } from '../../../../shared/db/transaction.ts'
import { NO_USAGE } from '../../../../shared/llm/usage.ts'
import { leaseTokens, readBudget } from '../../../workers/llm-proxy/leased-tokens.ts'
import { ownDatabase } from '../own-database.ts'

const { db } = await ownDatabase()
const store = createPostgresLlmStore(db, async () => {})
const worst = { promptTokens: 100, outputTokens: 50, choices: 1, inputPriceMicro: 0n, outputPriceMicro: 0n }

async function call(leaseId: string, model: string, tokens: number | null): Promise<void> {
  const callId = crypto.randomUUID()
  await store.reserve({
    callId,
    leaseId,
    model,
    stream: false,
    worst,
    deadlineSeconds: 60,
    traceparent: null,
  })
  if (tokens === null) return
  await store.settle(callId, {
    outcome: tokens === 0 ? 'unavailable' : 'completed',
    charge: 'used',
    usage: { ...NO_USAGE, completionTokens: tokens },
    costMicro: BigInt(tokens),
    upstream: 'first',
    attempts: 1,
    latencyMs: 5,
    firstTokenMs: null,
  })
}

test('old calls become sums: budgets, reports and audits stay what they were', async () => {
  const { marketId, leaseId } = await leaseTokens(db, 60_000)
  for (const [model, tokens] of [
    ['small', 7],
    ['small', 0],
    ['large', 20],
  ] as const) {
    await call(leaseId, model, tokens)
  }
  await call(leaseId, 'small', null)
  await db.query('alter table llm_calls disable trigger llm_calls_settle_once')
  await db.query(`update llm_calls set reserved_at = reserved_at - interval '91 days'`)
  await db.query('alter table llm_calls enable trigger llm_calls_settle_once')
  await recordRefusals(db, [{ leaseId, code: 'too_many_calls', model: 'small', calls: 5 }])
  await db.query(`update llm_refusals set second = second - interval '91 days'`)
  await recordRefusals(db, [{ leaseId, code: 'too_many_calls', model: null, calls: 2 }])
  await call(leaseId, 'small', 5)

  const reports = () => Promise.all(USAGE_GROUPS.map(group => readUsageReport(db, group, { marketId })))
  const before = await reports()
  expect(before[0]!.totals).toMatchObject({ chargedTokens: 32n, differenceTokens: 0n, openCalls: 1 })
  expect(await pruneLlmCalls(db, 90)).toBe(4)
  expect(await pruneLlmCalls(db, 90)).toBe(0)
  expect(await reports()).toEqual(before)
  expect(await readBudget(db, leaseId)).toMatchObject({ used: 32, open: 1, calls: 2, charged: 5 })
  const { rows } = await db.query('select calls from llm_refusals')
  expect(rows).toEqual([{ calls: 2n }])
  const { rows: sums } = await db.query(
    'select model, calls, failed, charged_tokens from llm_usage order by model',
  )
  expect(sums).toEqual([
    { model: 'large', calls: 1n, failed: 0n, charged_tokens: 20n },
    { model: 'small', calls: 2n, failed: 1n, charged_tokens: 7n },
  ])
  const findings = await inTransaction(db, client => auditMarkets(client, [marketId]))
  expect(findings.filter(({ wrong }) => wrong > 0)).toEqual([])
})
