import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { deleteStream, ensureStream, streamName } from '../../../shared/bus/stream.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { subjectOf } from '../../../shared/events/envelope.ts'
import { marketSettingsSchema } from '../../../shared/market/rules.ts'
import { REBUILD_CHECK } from '../../../shared/verify/rebuild.ts'
import { type Check, STREAM_CHECK, type VerifyReport } from '../../../shared/verify/report.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { PATIENCE_MS } from '../../patience.ts'
import {
  connectServers,
  openEventfulMarket,
  openQuietMarket,
  publish,
  type Servers,
} from './audited-market.ts'

/** Long enough for a publisher that runs, short enough to wait for one that does not. */
const SHORT_WAIT_MS = 500

let servers: Servers

beforeAll(async () => {
  servers = await connectServers()
})

afterAll(() => servers.close())

test('finds everything in order, and says how much that was', async () => {
  const marketId = await openEventfulMarket(servers.db)
  await publish(servers, marketId)
  const report = await verify({ ...servers, marketId, fromEvents: true })
  expect(failures(report)).toEqual([])
  expect(report.ok).toBe(true)
  expect(report.checks.every(check => check.market === marketId && check.detail === null)).toBe(true)
  const { rows } = await servers.db.query('select last_seq from market_sequences where market_id = $1', [
    marketId,
  ])
  expect(checkOf(report, STREAM_CHECK).checked).toBe(Number(rows[0].last_seq))
  expect(checkOf(report, REBUILD_CHECK).checked).toBe(Number(rows[0].last_seq))
})

test('names the lag of a market that nobody publishes', async () => {
  const marketId = await openQuietMarket(servers.db)
  const report = await verify({ ...servers, marketId, publishWaitMs: SHORT_WAIT_MS })
  expect(failures(report)).toEqual([
    [STREAM_CHECK, 'the stream holds events up to 0 of 1: it lags 1 behind, without progress for 0.5 s'],
  ])
})

test('waits for a publisher that is behind', async () => {
  const marketId = await openEventfulMarket(servers.db)
  const verifying = verify({ ...servers, marketId, fromEvents: true })
  await publish(servers, marketId)
  expect(failures(await verifying)).toEqual([])
})

test('sees an event that was deleted from the stream', async () => {
  const marketId = await openEventfulMarket(servers.db)
  await publish(servers, marketId)
  await servers.bus.manager.streams.deleteMessage(streamName(marketId), 5)
  const report = await verify({ ...servers, marketId, fromEvents: true, publishWaitMs: SHORT_WAIT_MS })
  expect(failures(report)).toEqual([
    [STREAM_CHECK, 'the stream has event 6 where event 5 belongs'],
    [REBUILD_CHECK, 'not rebuilt: the stream is not whole'],
  ])
})

test('sees an event that says something else in the stream', async () => {
  const marketId = await openEventfulMarket(servers.db)
  await republish(marketId, text => text.replace('"lunch"', '"dinner"'))
  const report = await verify({ ...servers, marketId, publishWaitMs: SHORT_WAIT_MS })
  expect(failures(report)).toEqual([
    [STREAM_CHECK, expect.stringMatching(/^event \d+ says something else in the stream than in Postgres$/)],
  ])
})

test('takes an event for the same whatever the order of its keys', async () => {
  const marketId = await openEventfulMarket(servers.db)
  await republish(marketId, text =>
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())),
  )
  expect(failures(await verify({ ...servers, marketId }))).toEqual([])
})

test('passes over garbage and copies, and says so', async () => {
  const marketId = await openQuietMarket(servers.db)
  const [event] = await createPostgresOutbox(servers.db).readEvents(marketId, 0, 1)
  await ensureStream(servers.bus, marketId)
  await send(subjectOf(event!), 'garbage', 'garbage')
  await publish(servers, marketId)
  let attempts = 0
  await vi.waitFor(
    async () => {
      await forgetMessageIds(marketId, attempts++)
      if ((await send(subjectOf(event!), event!.text, event!.event_id)).duplicate)
        throw new Error('still known')
    },
    { timeout: PATIENCE_MS, interval: 250 },
  )
  const economy = createPostgresEconomy(servers.db, async () => {})
  await economy.registerAgent({ marketId, agent: 'late', creditsMicro: 0n })
  await publish(servers, marketId)
  const report = await verify({ ...servers, marketId, fromEvents: true })
  expect(failures(report)).toEqual([])
  expect(checkOf(report, STREAM_CHECK).detail).toBe(
    '1 told more than once; 1 messages are no events and were passed over',
  )
})

test('fails what it cannot compare when the events in Postgres are not whole', async () => {
  const marketId = await openEventfulMarket(servers.db)
  await publish(servers, marketId)
  await servers.db.query(
    `delete from outbox where type = 'bid_cancelled'
        and batch_id in (select batch_id from event_batches where market_id = $1)`,
    [marketId],
  )
  const report = await verify({ ...servers, marketId })
  expect(failures(report)).toEqual([
    [
      'events are numbered without gaps, in the order of their time',
      expect.stringMatching(/^batch \d+ has 0 events of 1$/),
    ],
    [STREAM_CHECK, 'not compared: the events in Postgres are not whole'],
  ])
})

test('holds in a market that is running, at whatever moment', async () => {
  const economy = createPostgresEconomy(servers.db, async () => {})
  const marketId = `${await openQuietMarket(servers.db)}-busy`
  await economy.createMarket(marketId, marketSettingsSchema.parse({ rules: { cycleSeconds: 0.1 } }))
  const agents = ['a', 'b', 'c', 'd']
  for (const agent of agents) await economy.registerAgent({ marketId, agent, creditsMicro: 10_000_000_000n })

  const stop = new AbortController()
  const bidding = (async () => {
    for (let round = 1; !stop.signal.aborted; round++) {
      const bids = agents.map(agent => ({
        agent,
        bid: { amount: (round % 7) + 1, bundle: { cpu: 0.4, durationSeconds: 1 } },
        via: 'cli' as const,
        actor: 'test',
      }))
      await economy.admitBids(marketId, bids)
    }
  })()
  try {
    await expect.poll(() => winnersOf(marketId), { timeout: PATIENCE_MS }).toBeGreaterThan(2)
    for (let look = 0; look < 3; look++) {
      const before = await winnersOf(marketId)
      expect(failures(await verify({ ...servers, marketId, fromEvents: true }))).toEqual([])
      await expect.poll(() => winnersOf(marketId), { timeout: PATIENCE_MS }).toBeGreaterThan(before)
    }
  } finally {
    stop.abort()
    await bidding
    await economy.beginClosing(marketId, 'test')
  }
})

test('an unknown market is an error', async () => {
  await expect(verify({ ...servers, marketId: 'no-such-market' })).rejects.toThrow('there is no market')
})

async function winnersOf(marketId: string): Promise<number> {
  const { rows } = await servers.db.query('select count(*) from leases where market_id = $1', [marketId])
  return Number(rows[0].count)
}

/** Makes the stream by hand from what the outbox holds, each text changed. */
async function republish(marketId: string, change: (text: string) => string): Promise<void> {
  await deleteStream(servers.bus, marketId)
  await ensureStream(servers.bus, marketId)
  for (const event of await createPostgresOutbox(servers.db).readEvents(marketId, 0, 1_000)) {
    await send(subjectOf(event), change(event.text), event.event_id)
  }
}

/** From now on NATS takes a message id again after a moment. */
/** The server may apply a new window only at the next change of it, so that each attempt asks for another. */
async function forgetMessageIds(marketId: string, attempt: number): Promise<void> {
  const SHORTEST_WINDOW_NS = 100_000_000
  await servers.bus.manager.streams.update(streamName(marketId), {
    duplicate_window: SHORTEST_WINDOW_NS + attempt,
  })
}

async function send(subject: string, text: string, msgID: string) {
  return await servers.bus.connection.jetstream().publish(subject, text, { msgID })
}

function checkOf(report: VerifyReport, name: string): Check {
  return report.checks.find(check => check.name === name)!
}

function failures(report: VerifyReport): [string, string | null][] {
  return report.checks.filter(check => !check.ok).map(check => [check.name, check.detail])
}
