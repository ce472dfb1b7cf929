import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectAgent } from '../../../shared/bus/agent-connection.ts'
import { createPostgresIdentity } from '../../../shared/db/agents/postgres-identity.ts'
import { newToken } from '../../../shared/identity/token.ts'
import { inboxPrefix, noticeSubject, rpcSubject } from '../../../shared/rpc/subjects.ts'
import { bourseJson } from '../../cli/run-bourse.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectByToken, natsServers, tokenOf } from './agent-door.ts'

let economy: TestEconomy
let marketId: string
const open: NatsConnection[] = []

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket(
    'identity',
    {},
    { ann: 500n, bob: 100n, cho: 100n, dan: 100n, eve: 100n, fay: 100n },
  )
})

afterAll(async () => {
  await Promise.all(open.map(connection => connection.close()))
  await economy.close()
})

async function enter(agent: string, token: string, options = {}): Promise<NatsConnection> {
  const connection = await connectByToken(token, marketId, agent, options)
  open.push(connection)
  return connection
}

async function balanceOf(connection: NatsConnection, agent: string): Promise<unknown> {
  const answer = await connection.request(rpcSubject(marketId, agent, 'economic.get_balance'), '{}', {
    timeout: PATIENCE_MS,
  })
  return answer.json()
}

test('an agent comes in by its token, asks, and hears its notices', async () => {
  const connection = await enter('ann', await tokenOf(economy.db, marketId, 'ann'))
  expect(await balanceOf(connection, 'ann')).toMatchObject({ ok: true, balance: '500' })
  const heard = connection.subscribe(noticeSubject(marketId, 'ann', '>'), { max: 1 })
  await connection.flush()
  economy.bus.connection.publish(noticeSubject(marketId, 'ann', 'test'), 'hello')
  for await (const message of heard) expect(message.string()).toBe('hello')
})

test.each([
  ['no token', () => ({})],
  ['a token nobody was given', () => ({ token: newToken('agent') })],
  ['a token of a lease', () => ({ token: newToken('lease') })],
  ['what is no token', () => ({ token: 'x'.repeat(1_000) })],
  ['a user of the platform under a wrong password', () => ({ user: 'bourse', pass: 'wrong' })],
])('%s lets nobody in', async (_, credentials) => {
  await expect(connect({ servers: natsServers(), reconnect: false, ...credentials() })).rejects.toMatchObject(
    {
      code: 'AUTHORIZATION_VIOLATION',
    },
  )
})

test('a connection without its own inbox is told by the server what it may not', async () => {
  const connection = await connect({
    servers: natsServers(),
    token: await tokenOf(economy.db, marketId, 'bob'),
    reconnect: false,
  })
  open.push(connection)
  await expect(
    connection.request(rpcSubject(marketId, 'bob', 'economic.get_balance'), '{}', { timeout: PATIENCE_MS }),
  ).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
})

test('a revoked agent is put out at once and stays out; others stay in', async () => {
  const connection = await enter('cho', await tokenOf(economy.db, marketId, 'cho'))
  const other = await enter('dan', await tokenOf(economy.db, marketId, 'dan'))
  const token = await tokenOf(economy.db, marketId, 'eve')
  const eve = await enter('eve', token, { reconnect: true, maxReconnectAttempts: 3, reconnectTimeWait: 50 })
  const { code, document } = await bourseJson(['agent', 'revoke', marketId, 'cho'])
  expect(code).toBe(0)
  expect(document).toMatchObject({ ok: true, revoked: 1, closed: 1 })
  await connection.closed()
  expect(connection.isClosed()).toBe(true)
  const identity = createPostgresIdentity(economy.db, async () => {})
  await identity.revokeAgentTokens({ marketId, agent: 'eve', reason: 'test', actor: 'test' })
  await eve.closed()
  await expect(enter('eve', token)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' })
  expect(await balanceOf(other, 'dan')).toMatchObject({ ok: true })
})

test('the command line says whom a token lets in, or why nobody, which NATS does not', async () => {
  const check = async (token: string) => {
    vi.stubEnv('BOURSE_TOKEN', token)
    const { code, document } = await bourseJson(['agent', 'check-token'])
    return { code, document }
  }
  const first = await tokenOf(economy.db, marketId, 'dan')
  expect(await check(first)).toEqual({
    code: 0,
    document: { ok: true, marketId, agent: 'dan', owner: null, kind: 'agent', endsAt: null },
  })
  await tokenOf(economy.db, marketId, 'dan')
  expect(await check(first)).toMatchObject({ code: 1, document: { error: { code: 'token_expired' } } })
  expect(await check(newToken('agent'))).toMatchObject({
    code: 1,
    document: { error: { code: 'unknown_token' } },
  })
  expect(await check('hello')).toMatchObject({ code: 1, document: { error: { code: 'unknown_token' } } })
  vi.unstubAllEnvs()
})

test('our client says in words what NATS says in codes', async () => {
  const problems: string[] = []
  const onProblem = (message: string) => void problems.push(message)
  const address = { servers: natsServers(), marketId, agent: 'dan', onProblem }
  await expect(connectAgent({ ...address, token: newToken('agent') })).rejects.toThrow(/check-token/)
  const another = await connectAgent({ ...address, token: await tokenOf(economy.db, marketId, 'ann') })
  await expect(another.request('economic.get_balance', {})).rejects.toThrow(/another agent's/)
  await another.close()
  const dan = await connectAgent({ ...address, token: await tokenOf(economy.db, marketId, 'dan') })
  expect(await dan.request('economic.get_balance', {})).toMatchObject({ ok: true })
  problems.length = 0
  await tokenOf(economy.db, marketId, 'dan')
  await expect.poll(() => problems, { timeout: PATIENCE_MS }).toEqual([expect.stringMatching(/check-token/)])
  await dan.close()
})

test('a replaced token is good for its grace, and a client with both goes on', async () => {
  const first = await tokenOf(economy.db, marketId, 'fay')
  const connection = await enter('fay', first)
  const second = await tokenOf(economy.db, marketId, 'fay', 2)
  expect(await balanceOf(await enter('fay', first), 'fay')).toMatchObject({ ok: true })
  await connection.closed()
  expect(await balanceOf(await enter('fay', second), 'fay')).toMatchObject({ ok: true })
  await expect(enter('fay', first)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' })
})

test('one agent has so many connections and no more; others still come in', async () => {
  const token = await tokenOf(economy.db, marketId, 'bob')
  const entries = await Promise.allSettled(
    Array.from({ length: 60 }, () =>
      connect({ servers: natsServers(), token, reconnect: false, inboxPrefix: inboxPrefix(marketId, 'bob') }),
    ),
  )
  const inside = entries.flatMap(entry => (entry.status === 'fulfilled' ? [entry.value] : []))
  open.push(...inside)
  expect(inside.length).toBeLessThanOrEqual(32)
  expect(inside.length).toBeGreaterThan(0)
  const connection = await enter('ann', await tokenOf(economy.db, marketId, 'ann'))
  expect(await balanceOf(connection, 'ann')).toMatchObject({ ok: true })
})
