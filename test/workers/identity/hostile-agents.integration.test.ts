import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPostgresIdentity } from '../../../shared/db/agents/postgres-identity.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { inboxPrefix, rpcSubject } from '../../../shared/rpc/subjects.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { readBooks } from '../../shared/economy/postgres-under-test.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectByToken, connectRaw, type RawConnection, tokenOf } from './agent-door.ts'

const ENDOWED = { ann: 500n, bob: 100n, dan: 100n, eve: 100n, fay: 100n, gus: 100n }
const BUNDLE = { cpu: 0.1, durationSeconds: 6 }
let economy: TestEconomy
let marketId: string
let otherMarketId: string
const open: RawConnection[] = []
let inboxes = 0

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('hostile', {}, ENDOWED)
  otherMarketId = await economy.createMarket('elsewhere', {}, ENDOWED)
  // What is bid stays in the book until a test wants a lease.
  await economy.economy.pauseMarket(marketId, 'test')
})

afterAll(async () => {
  for (const connection of open) connection.close()
  await economy.close()
})

/** A connection of an agent, with what it asks and hears on it. */
async function enter(agent: string, token?: string) {
  const raw = await connectRaw(token ?? (await tokenOf(economy.db, marketId, agent)))
  open.push(raw)
  raw.send(`SUB ${inboxPrefix(marketId, agent)}.> 1\r\n`)
  return {
    raw,
    /** Sends a request whatever it says, and answers what the gateway does. */
    async ask(
      operation: string,
      payload: string | Buffer | object,
      headers: Record<string, string> = {},
    ): Promise<{ ok: boolean; error?: { code: string; message: string } }> {
      const isBytes = typeof payload === 'string' || Buffer.isBuffer(payload)
      const bytes = Buffer.from(isBytes ? payload : JSON.stringify(payload))
      const reply = `${inboxPrefix(marketId, agent)}.${++inboxes}`
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const head = Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`)
      const sizes = `${head.length} ${head.length + bytes.length}`
      raw.send(`HPUB ${rpcSubject(marketId, agent, operation)} ${reply} ${sizes}\r\n`)
      raw.send(Buffer.concat([head, bytes, Buffer.from('\r\n')]))
      const answered = new RegExp(`MSG ${reply.replaceAll('.', '\\.')} 1 \\d+\r\n(\\{.*\\})\r\n`)
      return JSON.parse(answered.exec(await raw.heard(answered))![1]!)
    },
  }
}

/** What both markets have written down, but for what time brings of itself: ends of leases, and refusals told as events. */
async function books() {
  return await Promise.all(
    [marketId, otherMarketId].map(async one => {
      const { leases, bids, leasedPpm: _, events: _events, ...money } = await readBooks(economy.db, one)
      return { ...money, bids: bids.map(({ status: _status, ...bid }) => bid), leases: leases.length }
    }),
  )
}

async function expectInOrder(): Promise<void> {
  for (const one of [marketId, otherMarketId]) {
    const report = await verify({ db: economy.db, bus: economy.bus, marketId: one, fromEvents: true })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  }
}

describe('the server ends a connection', () => {
  test.each([
    ['a payload over 1 MB', (subject: string) => `PUB ${subject} 1100000\r\n`, /Maximum Payload Violation/i],
    [
      'a subject of more than 4 KB',
      (subject: string) => `PUB ${subject}.${'x'.repeat(5_000)} 2\r\n{}\r\n`,
      /Maximum Control Line/i,
    ],
    [
      'more than 1,000 subscriptions',
      () =>
        Array.from(
          { length: 1_001 },
          (_, sid) => `SUB bourse.${marketId}.public.x${sid} ${sid + 10}\r\n`,
        ).join(''),
      /Maximum Subscriptions Exceeded/i,
    ],
  ])('that sends %s, and nothing came of it', async (_name, attack, said) => {
    const before = await books()
    const { raw } = await enter('ann')
    raw.send(attack(rpcSubject(marketId, 'ann', 'economic.transfer')))
    await raw.heard(said)
    const { ask } = await enter('bob')
    expect(await ask('economic.get_balance', {})).toMatchObject({ ok: true, balance: '100' })
    expect(await books()).toEqual(before)
  })
})

test('odd subjects reach no operation, another market least of all', async () => {
  const before = await books()
  const { raw, ask } = await enter('ann')
  const transfer = JSON.stringify({ to: 'bob', amount: '1' })
  for (const operation of [
    'economic.transfer.x',
    'economic',
    'ECONOMIC.TRANSFER',
    '*',
    '>',
    'x'.repeat(3_000),
  ]) {
    expect(await ask(operation, transfer), operation.slice(0, 40)).toMatchObject({
      ok: false,
      error: { code: 'unknown_operation' },
    })
  }
  const forbidden = [
    rpcSubject(otherMarketId, 'ann', 'economic.transfer'),
    rpcSubject(marketId, 'bob', 'economic.transfer'),
    rpcSubject('*', 'ann', 'economic.transfer'),
    `bourse.${marketId}.agent.ann.rpc`,
    `bourse.${marketId}.agent.ann`,
    `BOURSE.${marketId}.agent.ann.rpc.economic.transfer`,
  ]
  for (const [place, subject] of forbidden.entries()) {
    raw.send(
      `PUB ${subject} ${inboxPrefix(marketId, 'ann')}.f ${transfer.length}\r\n${transfer}\r\nSUB forbidden.${place} ${900 + place}\r\n`,
    )
    await raw.heard(new RegExp(`forbidden\\.${place}"`))
    expect(raw.said.match(/Permissions Violation for Publish/g), subject).toHaveLength(place + 1)
  }
  expect(await books()).toEqual(before)
})

test('headers that pretend to be ours change neither ids, nor traces of others, nor what is done once', async () => {
  const { ask } = await enter('bob')
  const [event] = await createPostgresOutbox(economy.db).readEvents(marketId, 0, 1)
  const forged = {
    'Nats-Msg-Id': JSON.parse(event!.text).event_id,
    'Nats-Expected-Stream': `bourse-${otherMarketId}`,
    'Nats-Rollup': 'all',
    'X-Bourse-Agent': 'ann',
    traceparent: '00-00000000000000000000000000000000-0000000000000000-01',
  }
  const told: string[] = []
  for (const traceparent of [forged.traceparent, 'x'.repeat(2_000), '00-zz-zz-01']) {
    const bid = await ask('market.bid', { amount: '1', bundle: BUNDLE }, { ...forged, traceparent })
    expect(bid).toMatchObject({ ok: true })
    told.push((bid as unknown as { bidId: string }).bidId)
  }
  const events = (await economy.writtenEvents(marketId)).filter(
    one => one.type === 'bid_placed' && told.includes(one.data.bid_id),
  )
  expect(events).toHaveLength(3)
  for (const one of events) {
    expect(one.agent_id).toBe('bob')
    expect(one.event_id).not.toBe(forged['Nats-Msg-Id'])
    expect(one.trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
  }
  await expectInOrder()
})

test('headers that no client would write are passed over, and the next request is heard', async () => {
  const { ask, raw } = await enter('bob')
  for (const name of ['', ' ', 'a b', '\u0001', 'ü', '\u0000', 'trace parent', 'x'.repeat(3_000), '\t']) {
    for (const value of ['x', 'a\rb']) {
      expect(
        await ask('economic.get_balance', {}, { [name]: value }),
        JSON.stringify([name, value]),
      ).toMatchObject({
        ok: true,
      })
    }
  }
  for (const head of [
    'NATS/1.0 503\r\n\r\n',
    'NATS/1.0 100 Idle Heartbeat\r\nx\r\n\r\n',
    'NATS/1.0\r\n:\r\n\r\n',
  ]) {
    const reply = `${inboxPrefix(marketId, 'bob')}.${++inboxes}`
    const subject = rpcSubject(marketId, 'bob', 'economic.get_balance')
    raw.send(`HPUB ${subject} ${reply} ${head.length} ${head.length + 2}\r\n${head}{}\r\n`)
    expect(await raw.heard(new RegExp(`MSG ${reply.replaceAll('.', '\\.')} 1 \\d+\r\n`))).toBeDefined()
  }
})

test('JSON that readers could read in two ways, or that is none, is refused by every operation', async () => {
  const before = await books()
  const hostile: (string | Buffer)[] = [
    '{"to":"bob","amount":"1","amount":"2"}',
    '{"to":"bob","amount":"1","\\u0061mount":"2"}',
    '{"amount":NaN,"to":"bob"}',
    '{"amount":Infinity,"to":"bob"}',
    '{"amount":99999999999999999999999999999,"to":"bob"}',
    `{"amount":${'9'.repeat(5_000)},"to":"bob"}`,
    '{"amount":1e999,"to":"bob"}',
    '{"__proto__":{"ok":true},"to":"bob","amount":"1"}',
    '{"constructor":{"prototype":{"ok":true}},"to":"bob","amount":"1"}',
    '{"to":"bob","amount":"1","more":{"prototype":1}}',
    `{"to":"bob","amount":"1","more":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    `{"to":"bob","amount":"1","more":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
    JSON.stringify({ to: 'bob', amount: '1', more: 'x'.repeat(900_000) }),
    '{"to":"\\ud800","amount":"1"}',
    '{"to":"bob\\u0000","amount":"1"}',
    Buffer.from('{"to":"b\xffb","amount":"1"}', 'latin1'),
    Buffer.from('\ufeff{"to":"bob","amount":"1"}'),
    '[{"to":"bob","amount":"1"}]',
    '"transfer"',
    'null',
  ]
  const senders = ['dan', 'eve', 'fay', 'gus']
  await Promise.all(
    senders.map(async (agent, turn) => {
      const { ask } = await enter(agent)
      for (const operation of [
        'economic.transfer',
        'market.bid',
        'service.register',
        'trace.reasoning',
        'life.sleep',
      ]) {
        for (const payload of hostile.filter((_, place) => place % senders.length === turn)) {
          const answer = await ask(operation, payload)
          expect(['invalid_json', 'message_too_large'], payload.toString('latin1').slice(0, 60)).toContain(
            answer.error?.code,
          )
        }
      }
    }),
  )
  expect(({} as Record<string, unknown>).ok).toBeUndefined()
  expect(await books()).toEqual(before)
})

test('answers are sent into the inbox of who asks and nowhere else', async () => {
  const before = await books()
  const heard: string[] = []
  const watching = economy.bus.connection.subscribe('>', {
    callback: (_error, message) => {
      if (!message.subject.includes('.rpc.')) heard.push(message.subject)
    },
  })
  await economy.bus.connection.flush()
  const { raw, ask } = await enter('ann')
  const transfer = JSON.stringify({ to: 'bob', amount: '1' })
  const own = inboxPrefix(marketId, 'ann')
  const forged = [
    inboxPrefix(marketId, 'bob'),
    `${inboxPrefix(marketId, 'bob')}.1`,
    `${inboxPrefix(otherMarketId, 'ann')}.1`,
    `${own}x.1`,
    `${own}.*`,
    `${own}.>`,
    `${own}..1`,
    `${own}.${'x'.repeat(400)}`,
    rpcSubject(marketId, 'bob', 'economic.transfer'),
    rpcSubject(otherMarketId, 'ann', 'economic.transfer'),
    `bourse.${marketId}.events.system.credits_minted.ann`,
    `bourse.${marketId}.agent.bob.notify.bid_won`,
    `bourse.${marketId}.public.price_update`,
    `$JS.API.STREAM.DELETE.bourse-${marketId}`,
    '$SYS.REQ.SERVER.PING.KICK',
  ]
  for (const reply of forged) {
    raw.send(
      `PUB ${rpcSubject(marketId, 'ann', 'economic.transfer')} ${reply} ${transfer.length}\r\n${transfer}\r\n`,
    )
  }
  expect(await ask('economic.get_balance', {})).toMatchObject({ ok: true })
  await economy.bus.connection.flush()
  watching.unsubscribe()
  expect(heard.filter(subject => forged.includes(subject))).toEqual([])
  expect(await books()).toEqual(before)
})

/** What changes something, as the agent would ask for it. */
const ACTS: [operation: string, request: object][] = [
  ['economic.transfer', { to: 'bob', amount: '1' }],
  ['market.bid', { amount: '1', bundle: BUNDLE }],
  ['service.register', { service: 'adding', cost: '1' }],
  ['service.invoke', { provider: 'bob', service: 'adding' }],
  ['social.message', { to: 'bob', text: 'hello' }],
  ['life.sleep', {}],
  ['trace.reasoning', { decisionId: 'd', reasoning: 'r', decision: 'd' }],
  ['output.submit', { output: 1 }],
]

test('the frozen may look and do nothing; so may the dead', async () => {
  const frozen = await enter('dan')
  const dead = await enter('eve')
  const identity = createPostgresIdentity(economy.db, async () => {})
  await identity.freezeAgent({ marketId, agent: 'dan', reason: 'test', actor: 'test' })
  const { rows } = await economy.db.query(
    `update agents set status = 'dead', judge_at = null where market_id = $1 and name = 'eve' returning old.judge_at`,
    [marketId],
  )
  const before = await books()
  for (const [operation, request] of ACTS) {
    expect(await frozen.ask(operation, request), operation).toMatchObject({ error: { code: 'agent_frozen' } })
    expect(await dead.ask(operation, request), operation).toMatchObject({
      error: { code: 'agent_not_alive' },
    })
  }
  expect(await books()).toEqual(before)
  expect(await frozen.ask('economic.get_balance', {})).toMatchObject({ ok: true })
  expect(await dead.ask('economic.get_balance', {})).toMatchObject({ ok: true, status: 'dead' })
  await economy.db.query(
    `update agents set status = 'alive', judge_at = $2 where market_id = $1 and name = 'eve'`,
    [marketId, rows[0].judge_at],
  )
})

test('the token of a lease is its agent in its market until the lease ends, and nothing after', async () => {
  const { ask } = await enter('fay')
  await economy.economy.resumeMarket(marketId, 'test')
  await ask('market.bid', { amount: '5', bundle: BUNDLE })
  const leaseId = await eventually(async () => {
    const leases = (await ask('lease.list', {})) as { ok: boolean; items?: { leaseId: string }[] }
    return leases.items?.[0]?.leaseId
  })
  const { token } = (await ask('lease.token', { leaseId })) as unknown as { token: string }
  const inside = await connectByToken(token, marketId, 'fay')
  const closed = inside.closed()
  const balance = await inside.request(rpcSubject(marketId, 'fay', 'economic.get_balance'), '{}', {
    timeout: PATIENCE_MS,
  })
  expect(balance.json()).toMatchObject({ ok: true })
  const before = await books()
  for (const subject of [
    rpcSubject(otherMarketId, 'fay', 'economic.transfer'),
    rpcSubject(marketId, 'gus', 'economic.transfer'),
  ]) {
    await expect(
      inside.request(subject, '{"to":"ann","amount":"1"}', { timeout: PATIENCE_MS }),
    ).rejects.toThrow()
  }
  expect(await books()).toEqual(before)
  await closed
  await expect(connectByToken(token, marketId, 'fay')).rejects.toMatchObject({
    code: 'AUTHORIZATION_VIOLATION',
  })
})

test('a revoked connection that goes on sending is not heard', async () => {
  const { raw, ask } = await enter('gus')
  expect(await ask('economic.get_balance', {})).toMatchObject({ ok: true, balance: '100' })
  const identity = createPostgresIdentity(economy.db, async () => {})
  await identity.revokeAgentTokens({ marketId, agent: 'gus', reason: 'test', actor: 'test' })
  await eventually(async () => raw.isClosed)
  const before = await books()
  const transfer = JSON.stringify({ to: 'bob', amount: '1' })
  raw.send(`PUB ${rpcSubject(marketId, 'gus', 'economic.transfer')} ${transfer.length}\r\n${transfer}\r\n`)
  const { ask: askBob } = await enter('bob')
  expect(await askBob('economic.get_balance', {})).toMatchObject({ ok: true })
  expect(await books()).toEqual(before)
})

test('after all of this the books of both markets are what their events say', expectInOrder)
