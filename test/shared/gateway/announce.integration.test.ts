import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { createPostgresLedger } from '../../../shared/db/ledger/postgres-ledger.ts'
import { announceMarkets } from '../../../shared/gateway/announce.ts'
import { createLog } from '../../../shared/telemetry/log.ts'
import { eventually } from '../../workflows/economy-client.ts'
import { ownDatabase } from '../db/own-database.ts'
import { connectServers, openEventfulMarket, publish, type Servers } from '../verify/audited-market.ts'

const { db } = await ownDatabase()
let servers: Servers
let marketId: string

beforeAll(async () => {
  servers = { ...(await connectServers()), db }
  marketId = await openEventfulMarket(db)
  await publish(servers, marketId)
})

afterAll(() => servers.close())

/** A gateway's announcer; what it sends stands in `seqs`, by the sequence numbers of its events. */
function startAnnouncer(holder: string) {
  const stop = new AbortController()
  const seqs: number[] = []
  const ended = announceMarkets({
    db,
    source: servers.bus,
    publish: (_subject, text) => seqs.push(JSON.parse(text).seq),
    flush: async () => {},
    holder,
    log: createLog('test', { level: 'silent' }),
    signal: stop.signal,
  })
  const end = async () => {
    stop.abort()
    await ended
  }
  return { seqs, end }
}

const ledger = createPostgresLedger(db, async () => {})
const grant = async () => {
  await ledger.grant({ marketId, agent: 'alice', amountMicro: 1n, reason: 'news', key: null })
  await publish(servers, marketId)
  return await createPostgresOutbox(db).readLastSeq(marketId)
}
const heard = (announcer: { seqs: number[] }, seq: number) =>
  eventually(async () => announcer.seqs.includes(seq))

test('events are announced in their order, and by the next announcer from where the last one ended', async () => {
  const first = startAnnouncer('first')
  const lastOfFirst = await grant()
  await heard(first, lastOfFirst)
  await first.end()
  expect(first.seqs).toEqual(first.seqs.toSorted((a, b) => a - b))

  const second = startAnnouncer('second')
  const lastOfSecond = await grant()
  await heard(second, lastOfSecond)
  await second.end()
  expect(second.seqs).toEqual([lastOfSecond])
})

test('one announcer at a time has a market', async () => {
  const both = [startAnnouncer('one'), startAnnouncer('other')]
  const sent = [await grant(), await grant(), await grant()]
  await eventually(async () => both.flatMap(one => one.seqs).length >= sent.length)
  await Promise.all(both.map(one => one.end()))
  expect(both.flatMap(one => one.seqs).toSorted((a, b) => a - b)).toEqual(sent)
})

test('what an announcer that died did not record is announced again, and nothing is left out', async () => {
  const last = await grant()
  await db.query(
    `update announcements set seq = $2 - 1, event_id = null, epoch = null, holder = 'dead',
            held_until = clock_timestamp() + interval '1 second' where market_id = $1`,
    [marketId, last],
  )
  const successor = startAnnouncer('successor')
  await delay(200)
  expect(successor.seqs).toEqual([])
  await heard(successor, last)
  await successor.end()
  expect(successor.seqs).toEqual([last])
})

test('an announcer that lost its market stops', async () => {
  const loser = startAnnouncer('loser')
  await heard(loser, await grant())
  await db.query(
    `update announcements set holder = 'winner', held_until = clock_timestamp() + interval '1 hour' where market_id = $1`,
    [marketId],
  )
  await delay(1_500)
  const unheard = await grant()
  await delay(1_500)
  expect(loser.seqs).not.toContain(unheard)
  await loser.end()
})
