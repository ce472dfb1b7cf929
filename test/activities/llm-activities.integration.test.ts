import { fileURLToPath } from 'node:url'
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client'
import { ActivityFailure, type ApplicationFailure } from '@temporalio/common'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { Registry } from 'prom-client'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { heartbeating } from '../../activities/heartbeating.ts'
import { createLlmActivities } from '../../activities/llm-activities.ts'
import { readLlmConfig } from '../../shared/llm/llm-config.ts'
import { createLog } from '../../shared/telemetry/log.ts'
import { startLlmCore } from '../../workers/llm-core.ts'
import { startScriptedUpstream } from '../../workers/scripted-upstream/server.ts'
import { PATIENCE_MS } from '../patience.ts'
import { ownDatabase } from '../shared/db/own-database.ts'
import { leaseTokens, readBudget } from '../workers/llm-proxy/leased-tokens.ts'
import { configOf } from '../workers/llm-proxy/proxy-process.ts'
import type { askModel } from './llm-workflows.ts'

const { db } = await ownDatabase()
const address = process.env.BOURSE_TEMPORAL_ADDRESS ?? ''
const taskQueue = `llm-${crypto.randomUUID()}`
const upstream = await startScriptedUpstream()
const core = startLlmCore(
  db,
  readLlmConfig(JSON.stringify(configOf([upstream.baseUrl], { circuit: { minimumCalls: 100 } })), {
    TEST_UPSTREAM_KEY: 'sk-1',
  }),
  { log: createLog('test', { level: 'silent' }), metrics: new Registry() },
  async () => {},
)
Runtime.install({ logger: new DefaultLogger('ERROR') })
const connection = await NativeConnection.connect({ address })
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./llm-workflows.ts', import.meta.url)),
  activities: heartbeating(createLlmActivities(core)),
})
const running = worker.run()
const client = new Client({ connection: await Connection.connect({ address }) })

afterAll(async () => {
  worker.shutdown()
  await running
  await core.close()
  await upstream.close()
  await client.connection.close()
  await connection.close()
})
beforeEach(() => upstream.follow([{ does: 'answer' }]))

const request = { model: 'small', messages: [{ role: 'user', content: 'say something' }] }
const start = (leaseId: string, fields: object = {}) =>
  client.workflow.start<typeof askModel>('askModel', {
    taskQueue,
    workflowId: crypto.randomUUID(),
    args: [{ leaseId, request: { ...request, ...fields } }],
  })

test('a workflow is answered, and its lease charged', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  const { completion, chargedTokens } = await (await start(leaseId)).result()
  expect(completion).toMatchObject({ choices: [{ message: { content: expect.stringContaining('word7') } }] })
  expect(await readBudget(db, leaseId)).toMatchObject({ used: chargedTokens, reserved: 0 })
})

test('what may pass is tried again after the time that was told', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  upstream.follow([{ does: 'fail' }, { does: 'fail' }, { does: 'answer' }])
  const handle = await start(leaseId)
  expect(await handle.result()).toMatchObject({ chargedTokens: expect.any(Number) })
  expect(upstream.calls).toBeGreaterThanOrEqual(3)
  const { rows } = await db.query('select outcome from llm_calls where lease_id = $1 order by reserved_at', [
    leaseId,
  ])
  expect(rows.map(row => row.outcome)).toEqual(['unavailable', 'completed'])
})

test.each([
  ['a lease that is used up', 60, {}, 'lease_tokens_used_up'],
  ['a request that is wrong', 60_000, { n: 0 }, 'invalid_request'],
  ['a stream', 60_000, { stream: true }, 'invalid_request'],
  ['an unknown model', 60_000, { model: 'none' }, 'model_not_found'],
])('%s is refused for good', async (_, grantedTokens, fields, code) => {
  const { leaseId } = await leaseTokens(db, grantedTokens)
  const failure = await (await start(leaseId, fields))
    .result()
    .catch((error: WorkflowFailedError) => error.cause)
  expect(failure).toBeInstanceOf(ActivityFailure)
  expect((failure as ActivityFailure).cause).toMatchObject({
    type: code,
    nonRetryable: true,
  } satisfies Partial<ApplicationFailure>)
})

test('a cancelled workflow breaks its call off, and the reservation is resolved', async () => {
  const { leaseId } = await leaseTokens(db, 60_000)
  upstream.follow([{ does: 'answer', firstTokenMs: 8_000 }])
  const handle = await start(leaseId, { max_tokens: 100 })
  const callsBefore = upstream.calls
  await expect.poll(() => upstream.calls, { timeout: PATIENCE_MS }).toBeGreaterThan(callsBefore)
  await handle.cancel()
  await expect(handle.result()).rejects.toThrow()
  await expect.poll(() => upstream.seen.at(-1)!.wasAborted, { timeout: PATIENCE_MS }).toBe(true)
  await expect.poll(async () => (await readBudget(db, leaseId)).open, { timeout: PATIENCE_MS }).toBe(0)
  expect(await readBudget(db, leaseId)).toMatchObject({ reserved: 0 })
})
