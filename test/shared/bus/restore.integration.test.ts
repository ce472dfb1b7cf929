import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, PositionDiverged } from '../../../shared/bus/collect.ts'
import { findDivergence, HistoryDiverged } from '../../../shared/bus/find-stream-end.ts'
import { type Position, positionOf } from '../../../shared/bus/position.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { restoreHistory } from '../../../shared/db/events/restore-history.ts'
import { listMarkets } from '../../../shared/db/market/list-markets.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { commitEvents, connectServers, makeMarket, type Servers } from './market-events.ts'
import { restoreBackup } from './restore-backup.ts'
import { streamEventIds, tableEventIds } from './stream-contents.ts'

let servers: Servers
beforeAll(async () => {
  servers = await connectServers()
})
afterAll(() => servers.close())

const never = new AbortController().signal

function publish(marketId: string) {
  return publishOutbox({ ...servers, marketId, signal: never, lingerMs: 0, pollMs: 10 })
}

async function collected(marketId: string, after: Position | null = null): Promise<BourseEvent[]> {
  const events: BourseEvent[] = []
  for await (const event of collect({ bus: servers.bus, marketId, after, signal: never, follow: false }))
    events.push(event)
  return events
}

/** A market whose stream has 15 events of which an older Postgres knows 10. */
async function restoredMarket(): Promise<{ marketId: string; lost: BourseEvent[] }> {
  const marketId = await makeMarket(servers.db)
  await commitEvents(servers.db, marketId, 9)
  await publish(marketId)
  await commitEvents(servers.db, marketId, 5)
  await publish(marketId)
  const lost = (await collected(marketId)).slice(10)
  await restoreBackup(servers.db, marketId, 10)
  return { marketId, lost }
}

async function repair(marketId: string) {
  const divergence = await findDivergence(servers.bus, servers.outbox, marketId)
  if (divergence === null) throw new Error('nothing has diverged')
  return await restoreHistory(servers.db, marketId, divergence, 'test')
}

const divergedAfter = async (marketId: string) =>
  (await listMarkets(servers.db, 1_000)).find(market => market.marketId === marketId)?.divergedAfter

test('a stream ahead of its table halts publication, whatever is committed, and says what helps', async () => {
  const { marketId } = await restoredMarket()
  const problem = await publish(marketId).catch(error => error)
  expect(problem).toBeInstanceOf(HistoryDiverged)
  expect(problem).toMatchObject({ marketId, commonSeq: 10, streamEpoch: 1 })
  expect(problem.message).toContain(`bourse repair ${marketId}`)
  expect(await divergedAfter(marketId)).toBe(10)

  await commitEvents(servers.db, marketId, 20)
  await expect(publish(marketId)).rejects.toBeInstanceOf(HistoryDiverged)
})

test('a repair makes the stream anew in a new epoch, and nobody is told two events under one id', async () => {
  const { marketId, lost } = await restoredMarket()
  await commitEvents(servers.db, marketId, 3)
  expect(await repair(marketId)).toMatchObject({ ok: true, epoch: 2, lastSeq: 10, eventsMoved: 3 })
  await publish(marketId)
  expect(await streamEventIds(servers.bus, marketId)).toEqual(await tableEventIds(servers.outbox, marketId))
  const events = await collected(marketId)
  expect(events.map(event => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  expect(events.map(event => event.epoch)).toEqual([...Array(10).fill(1), 2, 2, 2, 2])
  expect(events.at(-1)).toMatchObject({
    type: 'history_restored',
    data: { from_epoch: 1, last_seq: 10, actor: 'test' },
  })
  const ids = new Set(lost.map(event => event.event_id))
  expect(events.filter(event => ids.has(event.event_id))).toEqual([])
  expect(await divergedAfter(marketId)).toBeNull()
  expect(await findDivergence(servers.bus, servers.outbox, marketId)).toBeNull()
})

test('a second restore, of a backup from before the first repair, begins an epoch after both', async () => {
  const { marketId } = await restoredMarket()
  await repair(marketId)
  await publish(marketId)
  await restoreBackup(servers.db, marketId, 10)
  await expect(publish(marketId)).rejects.toMatchObject({ commonSeq: 10, streamEpoch: 2 })
  expect(await repair(marketId)).toMatchObject({ ok: true, epoch: 3 })
  await publish(marketId)
  expect((await collected(marketId)).at(-1)).toMatchObject({
    epoch: 3,
    data: { from_epoch: 2, last_seq: 10 },
  })
})

test('a reader that has seen what is given up is told so, one that has not goes on', async () => {
  const { marketId, lost } = await restoredMarket()
  const [tenth] = (await collected(marketId)).slice(9)
  await commitEvents(servers.db, marketId, 30)
  const seen = positionOf(lost[2]!)
  await repair(marketId)
  await publish(marketId)
  await expect(collected(marketId, seen)).rejects.toMatchObject({
    name: 'PositionDiverged',
    position: seen,
    lastSeq: 10,
  })
  const rest = await collected(marketId, positionOf(tenth!))
  expect(rest.map(event => event.seq)).toEqual(Array.from({ length: 31 }, (_, place) => place + 11))
})

test('a reader that follows while history is restored is told so, and gets nothing of the new one', async () => {
  const { marketId } = await restoredMarket()
  const seqs: number[] = []
  const following = (async () => {
    for await (const event of collect({ bus: servers.bus, marketId, signal: never, follow: true })) {
      seqs.push(event.seq)
      if (event.seq === 15) await repair(marketId).then(() => publish(marketId))
    }
  })()
  await expect(following).rejects.toBeInstanceOf(PositionDiverged)
  expect(seqs).toHaveLength(15)
})

test('an audit from events copes with the new epoch', async () => {
  const { marketId } = await restoredMarket()
  await repair(marketId)
  await publish(marketId)
  const report = await verify({ ...servers, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
})
