import type { ChildProcess } from 'node:child_process'
import { type ConnectionOptions, Events, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadEnvironment } from '../../../shared/config/environment.ts'
import { noticeSubject } from '../../../shared/rpc/subjects.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { endProcess, startOwnNats, startProcess } from '../own-nats.ts'
import { connectByToken, tokenOf } from './agent-door.ts'

/** What docs/agents.md tells authors to set. */
const DOCUMENTED = {
  reconnect: true,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
  reconnectTimeWait: 100,
} satisfies ConnectionOptions
const CONNECTS = 20
const { url } = await ownDatabase()
let nats: Awaited<ReturnType<typeof startOwnNats>>
let economy: TestEconomy
let marketId: string
let token: string
let live: NatsConnection
const identities: ChildProcess[] = []

beforeAll(async () => {
  nats = await startOwnNats(url)
  economy = await openTestEconomy(nats.environmentOf())
  marketId = await economy.createMarket('twice', {}, { ann: 10n })
  token = await tokenOf(economy.db, marketId, 'ann')
  for (let count = 0; count < 2; count++) identities.push(await startIdentity())
  live = await enter(DOCUMENTED)
})

afterAll(async () => {
  await live.close()
  for (const identity of identities) await endProcess(identity, 'SIGKILL')
  await economy.close()
  await nats.stop()
})

const startIdentity = () => startProcess('identity', nats.environmentOf(['identity']))
const enter = (options: ConnectionOptions = {}) =>
  connectByToken(token, marketId, 'ann', {
    servers: loadEnvironment(nats.environmentOf()).nats.servers,
    ...options,
  })

/** Whether what is published for the agent reaches its connection. */
async function hears(connection: NatsConnection): Promise<boolean> {
  const subject = noticeSubject(marketId, 'ann', 'test')
  const heard = connection.subscribe(subject, { max: 1 })
  await connection.flush()
  economy.bus.connection.publish(subject, 'hello')
  for await (const _ of heard) return true
  return false
}

/** New connections of one agent, one after the other, each closed again. */
async function enterManyTimes(): Promise<void> {
  for (let count = 0; count < CONNECTS; count++) await (await enter()).close()
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'of two that say who agents are one may end by %s: live connections stay, new ones come in by the other',
  async signal => {
    await enterManyTimes()
    await endProcess(identities.shift()!, signal)
    await enterManyTimes()
    expect(await hears(live)).toBe(true)
    identities.push(await startIdentity())
  },
)

test('with none left live connections go on; what reconnects meanwhile is in again once there is one', async () => {
  for (const identity of identities) await endProcess(identity, 'SIGKILL')
  expect(await hears(live)).toBe(true)
  await expect(enter({ timeout: PATIENCE_MS })).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' })
  const status = live.status()
  const isBack = (async () => {
    for await (const one of status) if (one.type === Events.Reconnect) return true
    return false
  })()
  await live.reconnect()
  identities.push(await startIdentity())
  expect(await isBack).toBe(true)
  expect(await hears(live)).toBe(true)
})

test('agents of one owner have together as many connections as one agent, whoever lets them in', async () => {
  while (identities.length < 2) identities.push(await startIdentity())
  const agents = ['ida', 'ike', 'ina', 'ivo', 'joe']
  const tokens = new Map<string, string>()
  for (const agent of agents) {
    const owner = agent === 'joe' ? 'joe' : 'olga'
    await economy.economy.registerAgent({ marketId, agent, owner, creditsMicro: 1n })
    tokens.set(agent, await tokenOf(economy.db, marketId, agent))
  }
  const servers = loadEnvironment(nats.environmentOf()).nats.servers
  const come = (agent: string) => connectByToken(tokens.get(agent)!, marketId, agent, { servers })
  const olgas: NatsConnection[] = []
  const comeAtOnce = async () => {
    const come20 = agents.slice(0, 4).flatMap(agent => Array.from({ length: 20 }, () => come(agent)))
    for (const entry of await Promise.allSettled(come20))
      if (entry.status === 'fulfilled') olgas.push(entry.value)
  }
  const inside = () => olgas.filter(one => !one.isClosed()).length
  await comeAtOnce()
  await eventually(async () => inside() <= 32)
  expect(inside()).toBeGreaterThan(0)
  await (await come('joe')).close()
  await endProcess(identities.shift()!, 'SIGKILL')
  await comeAtOnce()
  await eventually(async () => inside() <= 32)
  for (const one of olgas) await one.close()
  // What is closed is forgotten, by the one that was left too.
  const back = await eventually(() => come('ida').catch(() => null))
  await back.close()
})
