import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verify } from '../../../shared/verify/verify.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent, type TestAgent } from './agent-connection.ts'

let economy: TestEconomy
let marketId: string
let ann: TestAgent
let bob: TestAgent

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('services', {}, { ann: 100n, bob: 0n, cleo: 10n, dan: 0n, eve: 0n })
  ann = await connectAgent(marketId, 'ann')
  bob = await connectAgent(marketId, 'bob')
  await bob.client.request('service.register', {
    service: 'adding',
    cost: '5',
    specification: { takes: ['a', 'b'] },
  })
})

afterAll(async () => {
  await ann.connection.close()
  await bob.connection.close()
  await economy.close()
})

const invoke = (more: object = {}) =>
  ann.client.request('service.invoke', {
    provider: 'bob',
    service: 'adding',
    arguments: { a: 1, b: 2 },
    ...more,
  })
const balances = async () => {
  const [mine, theirs] = await Promise.all(
    [ann, bob].map(({ client }) => client.request('economic.get_balance', {})),
  )
  if (!mine?.ok || !theirs?.ok) throw new Error('no balance')
  return { ann: mine.available, held: mine.held, bob: theirs.available }
}
const called = async (more: object = {}) => {
  const placed = await invoke(more)
  if (!placed.ok) throw new Error(placed.error.message)
  return placed.callId
}

describe('a service', () => {
  test('is offered, changed, and found with its reputation', async () => {
    const offered = { service: 'adding', cost: '5', specification: { takes: ['a', 'b'] } }
    expect(await bob.client.request('service.register', { ...offered, key: 'offer' })).toEqual({
      ok: true,
      service: 'adding',
      cost: '5',
    })
    expect(await bob.client.request('service.register', { service: 'Adding', cost: 5 })).toMatchObject({
      error: { code: 'invalid_request', field: 'service' },
    })
    expect(await ann.client.request('social.directory', { service: 'adding' })).toMatchObject({
      items: [
        { agent: 'bob', services: [{ service: 'adding', cost: '5', specification: { takes: ['a', 'b'] } }] },
      ],
      more: false,
    })
    const everybody = await ann.client.request('social.directory', { limit: 2 })
    expect(everybody).toMatchObject({ items: [{ agent: 'ann', services: [] }, { agent: 'bob' }], more: true })
  })

  test('called, holds its cost, and is paid once when it succeeds', async () => {
    const before = await balances()
    const callId = await called({ key: 'call 1' })
    expect(await called({ key: 'call 1' })).toBe(callId)
    expect(await balances()).toEqual({ ann: String(Number(before.ann) - 5), held: '5', bob: before.bob })
    expect(await bob.client.request('service.calls', { role: 'provider', waiting: true })).toMatchObject({
      items: [{ callId, caller: 'ann', arguments: { a: 1, b: 2 }, status: 'waiting' }],
    })
    const answers = await Promise.all(
      [1, 2, 3].map(() => bob.client.request('service.reply', { callId, result: { sum: 3 } })),
    )
    for (const answer of answers) expect(answer).toEqual({ ok: true, callId, status: 'succeeded', paid: '5' })
    expect(await balances()).toEqual({
      ann: String(Number(before.ann) - 5),
      held: '0',
      bob: String(Number(before.bob) + 5),
    })
    expect(await bob.client.request('service.reply', { callId, ok: false })).toMatchObject({
      error: { code: 'call_over' },
    })
    expect(await ann.client.request('service.calls', { callId })).toMatchObject({
      items: [{ status: 'succeeded', result: { sum: 3 } }],
    })
  })

  test('that fails gives the credits back', async () => {
    const before = await balances()
    const callId = await called()
    expect(await bob.client.request('service.reply', { callId, ok: false, result: 'too hard' })).toEqual({
      ok: true,
      callId,
      status: 'failed',
      paid: '0',
    })
    expect(await balances()).toEqual(before)
  })

  test('that is not answered gives the credits back at its deadline, with no process to remember it', async () => {
    const before = await balances()
    const callId = await called({ timeoutSeconds: 1 })
    await eventually(async () => (await balances()).held === before.held)
    expect(await balances()).toEqual(before)
    expect(await bob.client.request('service.reply', { callId, result: 3 })).toMatchObject({
      error: { code: 'call_over' },
    })
    expect(await ann.client.request('service.calls', { callId })).toMatchObject({
      items: [{ status: 'timed_out' }],
    })
  })

  test('is refused with reasons', async () => {
    const codeOf = async (more: object) => {
      const outcome = await invoke(more)
      return outcome.ok ? 'ok' : outcome.error.code
    }
    expect(await codeOf({ provider: 'nobody' })).toBe('unknown_agent')
    expect(await codeOf({ service: 'flying' })).toBe('unknown_service')
    expect(await codeOf({ maxCost: '4.999999' })).toBe('cost_above_limit')
    expect(await codeOf({ arguments: 'x'.repeat(9_000) })).toBe('invalid_request')
    expect(await bob.client.request('service.invoke', { provider: 'bob', service: 'adding' })).toMatchObject({
      error: { code: 'same_agent' },
    })
    const callId = await called()
    expect(await ann.client.request('service.reply', { callId })).toMatchObject({
      error: { code: 'unknown_call' },
    })
    await bob.client.request('service.reply', { callId })
  })

  test('has the reputation that its calls gave it, and all of it is what the events say', async () => {
    expect(await ann.client.request('social.directory', { agent: 'bob' })).toMatchObject({
      items: [{ services: [{ reputation: { succeeded: 2, failed: 2, score: 0.5 } }] }],
    })
    const report = await verify({ db: economy.db, bus: economy.bus, marketId, fromEvents: true })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })
})

describe('messages', () => {
  test('are read by whom they were written to, in their order, in pages', async () => {
    for (const text of ['one', 'two\nlines', 'three']) {
      expect(await ann.client.request('social.message', { to: 'bob', text })).toMatchObject({ ok: true })
    }
    const first = await bob.client.request('social.inbox', { limit: 2 })
    expect(first).toMatchObject({ items: [{ from: 'ann', text: 'one' }, { text: 'two\nlines' }], more: true })
    const after = first.ok ? first.items[1]!.messageId : ''
    expect(await bob.client.request('social.inbox', { after })).toMatchObject({
      items: [{ text: 'three' }],
      more: false,
    })
    expect(await ann.client.request('social.inbox', {})).toMatchObject({ items: [] })
    expect(await ann.client.request('social.message', { to: 'ann', text: 'me' })).toMatchObject({
      error: { code: 'same_agent' },
    })
  })

  test('are bounded in size and in how often they are written', async () => {
    expect(await ann.client.request('social.message', { to: 'bob', text: 'x'.repeat(4_001) })).toMatchObject({
      error: { code: 'invalid_request', field: 'text' },
    })
    const cleo = await connectAgent(marketId, 'cleo')
    const outcomes = await Promise.all(
      Array.from({ length: 62 }, (_, index) =>
        cleo.client.request('social.message', { to: 'bob', text: `${index}` }),
      ),
    )
    const refused = outcomes.flatMap(outcome => (outcome.ok ? [] : [outcome.error.code]))
    expect(refused).toEqual(['too_many_messages', 'too_many_messages'])
    await cleo.connection.close()
  })

  test('that no answer holds together are refused in words, and read in shorter pages', async () => {
    const [dan, eve] = await Promise.all(['dan', 'eve'].map(name => connectAgent(marketId, name)))
    // Six bytes a character as JSON.
    const text = '\u0001'.repeat(4_000)
    await Promise.all(
      Array.from({ length: 45 }, () => dan!.client.request('social.message', { to: 'eve', text })),
    )
    expect(await eve!.client.request('social.inbox', { limit: 50 })).toMatchObject({
      error: { code: 'reply_too_large' },
    })
    const page = await eve!.client.request('social.inbox', { limit: 20 })
    expect(page.ok && page.items.map(item => item.text)).toEqual(Array(20).fill(text))
    await dan!.connection.close()
    await eve!.connection.close()
  })
})

describe('what an agent tells', () => {
  test('becomes events of its own, once under a key', async () => {
    const reasoning = { decisionId: 'd1', reasoning: 'cheap now', decision: 'buy', key: 'r1' }
    const told = await ann.client.request('trace.reasoning', reasoning)
    expect(await ann.client.request('trace.reasoning', reasoning)).toEqual(told)
    await ann.client.request('trace.reflection', {
      trigger: 'won',
      outcomeAssessment: 'fine',
      whatWorked: ['waiting'],
    })
    await ann.client.request('output.submit', { output: { answer: 42 }, label: 'result' })
    const events = (await economy.writtenEvents(marketId)).filter(event => event.source === 'agent')
    expect(events.map(({ type, agent_id }) => [type, agent_id])).toEqual([
      ['reasoning_trace', 'ann'],
      ['reflection', 'ann'],
      ['output_submitted', 'ann'],
    ])
    expect(events[2]!.data).toMatchObject({ label: 'result', output: { answer: 42 } })
  })
})

describe('an agent that sleeps', () => {
  test('wakes when a bid for it wins, not before', async () => {
    const statusOf = async () => {
      const balance = await ann.client.request('economic.get_balance', {})
      return balance.ok && balance.status
    }
    expect(await ann.client.request('life.sleep', {})).toEqual({ ok: true, status: 'dormant' })
    expect(await statusOf()).toBe('dormant')
    const bid = { amount: 5, bundle: { cpu: 0.1, durationSeconds: 2 } }
    expect(await ann.client.request('market.bid', bid)).toMatchObject({ ok: true })
    await eventually(async () => (await statusOf()) === 'alive')
    expect(await ann.client.request('life.sleep', {})).toMatchObject({ error: { code: 'lease_active' } })
    const events = await economy.writtenEvents(marketId)
    expect(
      events.filter(({ type }) => /agent_(dormant|awake)/.test(type)).map(({ data }) => data),
    ).toMatchObject([{ reason: 'voluntary' }, { awakened_by: 'self' }])
  })
})

describe('calls in a market that observes them', () => {
  test('are told as events, refused ones too, without secrets', async () => {
    const observed = await economy.createMarket('observed', { observeCalls: true }, { ann: 50n })
    const { client, connection } = await connectAgent(observed, 'ann')
    await client.request('economic.get_balance', {})
    await client.request('economic.transfer', { to: 'nobody', amount: 1 })
    await client.request('market.bid', { amount: 5, bundle: { cpu: 0.1, durationSeconds: 30 } })
    const leaseId = await eventually(async () => {
      const leases = await client.request('lease.list', {})
      return leases.ok && leases.items[0]?.leaseId
    })
    const lease = await client.request('lease.token', { leaseId })
    const events = await economy.writtenEvents(observed)
    const told = events
      .filter(event => event.type.startsWith('tool_call'))
      .map(({ type, data }) => [type, data])
    expect(told.slice(0, 4)).toMatchObject([
      ['tool_call_initiated', { tool_name: 'economic.get_balance', parameters: {} }],
      [
        'tool_call_completed',
        { tool_name: 'economic.get_balance', result: 'success', response: { balance: '50' } },
      ],
      ['tool_call_initiated', { tool_name: 'economic.transfer', parameters: { to: 'nobody', amount: 1 } }],
      ['tool_call_completed', { result: 'failure', response: { error: { code: 'unknown_agent' } } }],
    ])
    expect(events.filter(event => event.type === 'balance_queried').map(event => event.data)).toEqual([
      { balance: '50' },
    ])
    expect(lease.ok).toBe(true)
    expect(JSON.stringify(events)).not.toContain(lease.ok && lease.token)
    await connection.close()
  })

  test('are not told elsewhere', async () => {
    const events = await economy.writtenEvents(marketId)
    expect(events.filter(event => event.type.startsWith('tool_call'))).toEqual([])
  })
})
