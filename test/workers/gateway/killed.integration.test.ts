import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { endProcess, startOwnNats, startProcess } from '../own-nats.ts'
import { connectAgent } from './agent-connection.ts'

const AGENTS = 8
const BIDS_PER_AGENT = 60
/** What was with a gateway that died is asked again after so long; of one that stops every answer comes. */
const LOST_ANSWER_WAIT_MS = 3_000
const { url } = await ownDatabase()
let nats: Awaited<ReturnType<typeof startOwnNats>>
let economy: TestEconomy
let other: ChildProcess

beforeAll(async () => {
  nats = await startOwnNats(url)
  economy = await openTestEconomy(nats.environmentOf())
  other = await startGateway()
})

afterAll(async () => {
  await endProcess(other, 'SIGTERM')
  await economy.close()
  await nats.stop()
})

const startGateway = () => startProcess('gateway', nats.environmentOf(['gateway']))

const names = Array.from({ length: AGENTS }, (_, index) => `a${index}`)

async function openMarket(name: string): Promise<string> {
  const rules = { bidsPerSecond: null, maxOpenBids: 100_000 }
  return await economy.createMarket(name, rules, Object.fromEntries(names.map(agent => [agent, 100_000n])))
}

/** Agents bid one after the other, each bid under its key until it is answered; tells how far they are together. */
async function bidUntilAnswered(marketId: string, timeoutMs: number, onAnswered: (answered: number) => void) {
  const acknowledged = new Map<string, string>()
  let asked = 0
  await Promise.all(
    names.map(async agent => {
      const { client, connection } = await connectAgent(marketId, agent, nats.environmentOf())
      for (let index = 0; index < BIDS_PER_AGENT; index++) {
        const key = `${agent}/${index}`
        const bid = { amount: 1 + index, bundle: { cpu: 0.01, durationSeconds: 1 }, key }
        for (;;) {
          asked += 1
          const verdict = await client.request('market.bid', bid, { timeoutMs }).catch(() => undefined)
          if (verdict === undefined) continue
          if (!verdict.ok) throw new Error(`${verdict.error.code}: ${verdict.error.message}`)
          acknowledged.set(key, verdict.bidId)
          break
        }
        onAnswered(acknowledged.size)
      }
      await connection.close()
    }),
  )
  return { acknowledged, asked }
}

async function expectEachOnce(marketId: string, acknowledged: Map<string, string>): Promise<void> {
  const { rows } = await economy.db.query('select bid_id from bids where market_id = $1', [marketId])
  expect(rows.map(row => row.bid_id).sort()).toEqual([...acknowledged.values()].sort())
  expect(acknowledged.size).toBe(AGENTS * BIDS_PER_AGENT)
  await publishOutbox({
    bus: economy.bus,
    outbox: createPostgresOutbox(economy.db),
    marketId,
    signal: AbortSignal.timeout(PATIENCE_MS),
    lingerMs: 0,
    pollMs: 10,
  })
  const report = await verify({ db: economy.db, bus: economy.bus, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
}

test('a gateway killed under load loses no acknowledged bid, and none is placed twice', async () => {
  const marketId = await openMarket('killed')
  const victim = await startGateway()
  const { acknowledged } = await bidUntilAnswered(marketId, LOST_ANSWER_WAIT_MS, answered => {
    if (answered === (AGENTS * BIDS_PER_AGENT) / 3) victim.kill('SIGKILL')
  })
  expect(victim.killed).toBe(true)
  await expectEachOnce(marketId, acknowledged)
})

test('a gateway that is stopped answers what it took before it ends', async () => {
  const marketId = await openMarket('stopped')
  const leaving = await startGateway()
  const ended = once(leaving, 'exit')
  const { acknowledged, asked } = await bidUntilAnswered(marketId, PATIENCE_MS, answered => {
    if (answered === (AGENTS * BIDS_PER_AGENT) / 3) leaving.kill('SIGTERM')
  })
  expect((await ended)[0]).toBe(0)
  expect(asked).toBe(acknowledged.size)
  await expectEachOnce(marketId, acknowledged)
})
