import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPostgresAttention } from '../../../shared/db/attention/postgres-attention.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent, type TestAgent } from './agent-connection.ts'

let economy: TestEconomy
let marketId: string
let ann: TestAgent
let bob: TestAgent

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('attention', {}, { ann: 500n, bob: 100n })
  ann = await connectAgent(marketId, 'ann')
  bob = await connectAgent(marketId, 'bob')
})

afterAll(async () => {
  await ann.connection.close()
  await bob.connection.close()
  await economy.close()
})

test('an agent that won attention asks over NATS, and learns how it was scored', async () => {
  const ask = (more: object = {}) =>
    ann.client.request('attention.prompt', { text: 'Look:\n1 + 1 = 3', amount: '7', ...more })
  expect(await ask()).toMatchObject({ ok: false, error: { code: 'no_active_lease' } })
  await ann.client.request('market.bid', { amount: '10', bundle: { attention: 1, durationSeconds: 600 } })
  await eventually(async () => {
    const leases = await ann.client.request('lease.list', {})
    return leases.ok && leases.items.length > 0
  })
  const opened = await ask({ key: 'first' })
  expect(await ask({ key: 'first' })).toEqual(opened)
  if (!opened.ok) throw new Error(opened.error.message)
  const { promptId } = opened
  expect(opened).toMatchObject({ status: 'open', escrowed: '7' })
  expect(await ann.client.request('prompt.status', { promptId })).toMatchObject({ status: 'open' })
  expect(await bob.client.request('prompt.status', { promptId })).toMatchObject({
    ok: false,
    error: { code: 'unknown_prompt' },
  })
  const scores = { interesting: 1, useful: 2, understandable: 10 }
  await createPostgresAttention(economy.db, async () => {}).scorePrompt({ promptId, scores, actor: 'test' })
  expect(await ann.client.request('prompt.status', { promptId })).toMatchObject({
    status: 'rewarded',
    scores,
    awarded: '650',
  })
  expect(await ask({ text: '' })).toMatchObject({
    ok: false,
    error: { code: 'invalid_request', field: 'text' },
  })
})
