import { setTimeout as delay } from 'node:timers/promises'
import { headers, nanos } from 'nats'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Bus, connectBus } from '../../../shared/bus/connect.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import {
  deleteStream,
  ensureStream,
  readStreamFacts,
  recreateStream,
  streamName,
} from '../../../shared/bus/stream.ts'
import { closeBatch, startBatch, writeEvents } from '../../../shared/db/events/event-batch.ts'
import { inTransaction } from '../../../shared/db/transaction.ts'
import { draftEvent } from '../../../shared/events/draft.ts'
import { subjectOf } from '../../../shared/events/envelope.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { openBreakableLine } from './breakable-line.ts'
import { addressOf, commitEvents, connectServers, makeMarket, type Servers } from './market-events.ts'
import { deadLetters, streamEventIds, tableEventIds, wholeStream } from './stream-contents.ts'

/** So many messages of garbage come without a pause. */
const GUST = 200
const BREATH_MS = 100

let servers: Servers
beforeAll(async () => {
  servers = await connectServers()
})
afterAll(() => servers.close())

const never = new AbortController().signal
const POLL_MS = 10

function publish(
  marketId: string,
  {
    bus = servers.bus,
    signal = never,
    lingerMs = 0,
  }: { bus?: Bus; signal?: AbortSignal; lingerMs?: number } = {},
) {
  return publishOutbox({ bus, outbox: servers.outbox, marketId, signal, lingerMs, pollMs: POLL_MS })
}

async function marketWith(eventCount: number): Promise<string> {
  const marketId = await makeMarket(servers.db)
  if (eventCount > 1) await commitEvents(servers.db, marketId, eventCount - 1)
  return marketId
}

async function expectStreamIsTable(marketId: string): Promise<void> {
  expect(await streamEventIds(servers.bus, marketId)).toEqual(await tableEventIds(servers.outbox, marketId))
  const lastSeq = await servers.outbox.readLastSeq(marketId)
  expect((await servers.outbox.readPublication(marketId)).seq).toBe(lastSeq)
}

/** As expectStreamIsTable, with whatever else stands in the stream left out. */
async function expectEventsAreTable(marketId: string): Promise<void> {
  expect(await streamEventIds(servers.bus, marketId)).toEqual(await tableEventIds(servers.outbox, marketId))
}

function sendGarbage(marketId: string, ...texts: string[]) {
  return Promise.all(
    texts.map(text =>
      servers.bus.connection.jetstream().publish(`bourse.${marketId}.events.system.bid_placed._`, text),
    ),
  )
}

test('publishes every event once, in order, and nothing at the next start', async () => {
  const marketId = await marketWith(3_000)
  expect(await publish(marketId)).toEqual({ publishedSeq: 3_000 })
  await expectStreamIsTable(marketId)
  const before = await readStreamFacts(servers.bus, marketId)
  expect(await publish(marketId)).toEqual({ publishedSeq: 3_000 })
  expect(await readStreamFacts(servers.bus, marketId)).toEqual(before)
})

test('an event stands in the stream as its whole envelope, on its subject', async () => {
  const marketId = await marketWith(2)
  await publish(marketId)
  const [created, rejected] = await wholeStream(servers.bus, marketId)
  expect(created!.subject).toBe(`bourse.${marketId}.events.system.market_created._`)
  expect(rejected!.subject).toBe(`bourse.${marketId}.events.system.bid_rejected.agent-0`)
  expect(JSON.parse(rejected!.text)).toMatchObject({
    event_id: rejected!.messageId,
    market_id: marketId,
    agent_id: 'agent-0',
    epoch: 1,
    seq: 2,
    data: { reason: 'rate_limited', available: '0.5', count: 1 },
  })
})

test('goes on where a publisher killed in mid-pipeline left off', async () => {
  const marketId = await marketWith(4_000)
  const kill = new AbortController()
  const killed = publish(marketId, { signal: kill.signal })
  const died = expect(killed).rejects.toThrow('killed')
  await vi.waitUntil(async () => ((await readStreamFacts(servers.bus, marketId))?.lastSequence ?? 0) > 0, {
    timeout: PATIENCE_MS,
    interval: 1,
  })
  kill.abort(new Error('killed'))
  await died
  await publish(marketId)
  await expectStreamIsTable(marketId)
})

test('publishes what is committed meanwhile until nothing new comes', async () => {
  const marketId = await marketWith(10)
  const publishing = publish(marketId, { lingerMs: 3_000 })
  for (let batch = 1; batch <= 20; batch++) await commitEvents(servers.db, marketId, batch)
  expect(await publishing).toEqual({ publishedSeq: 220 })
  await expectStreamIsTable(marketId)
})

test('republishes a tail that NATS lost', async () => {
  const marketId = await marketWith(10)
  await publish(marketId)
  await commitEvents(servers.db, marketId, 5)
  const { created } = (await readStreamFacts(servers.bus, marketId))!
  await servers.outbox.recordPublication(marketId, { seq: 15, place: { created, sequence: 15, removed: 0 } })
  await publish(marketId)
  await expectStreamIsTable(marketId)
})

test('a tail deleted inside the duplicate window is there again', async () => {
  const marketId = await marketWith(10)
  await publish(marketId)
  for (const seq of [9, 10]) await servers.bus.manager.streams.deleteMessage(streamName(marketId), seq)
  await publish(marketId)
  await expectStreamIsTable(marketId)
})

test('a stream with a hole, purged, or deleted is made anew in order', async () => {
  const { manager } = servers.bus
  for (const breakStream of [
    (name: string) => manager.streams.deleteMessage(name, 5),
    (name: string) => manager.streams.purge(name),
    (name: string) => manager.streams.purge(name, { keep: 3 }),
    (name: string) => manager.streams.delete(name),
  ]) {
    const marketId = await marketWith(20)
    await publish(marketId)
    await breakStream(streamName(marketId))
    await publish(marketId)
    await expectStreamIsTable(marketId)
  }
})

test('a publisher at work notices that its stream is deleted', async () => {
  const marketId = await marketWith(20)
  const publishing = publish(marketId, { lingerMs: 500 })
  await vi.waitUntil(async () => (await readStreamFacts(servers.bus, marketId))?.lastSequence === 20, {
    timeout: PATIENCE_MS,
    interval: 5,
  })
  await deleteStream(servers.bus, marketId)
  await commitEvents(servers.db, marketId, 5)
  await publishing
  await expectStreamIsTable(marketId)
})

test('garbage takes its place in the stream and goes to the dead letters once', async () => {
  const marketId = await marketWith(5)
  await ensureStream(servers.bus, marketId)
  await sendGarbage(marketId, 'before')
  await publish(marketId)
  await sendGarbage(marketId, '{}', '', '{"event_id":"x","seq":6}')
  await commitEvents(servers.db, marketId, 5)
  await publish(marketId)
  await publish(marketId)
  await expectStreamIsTableWithin(marketId)
  const letters = await deadLetters(servers.bus, marketId)
  expect(letters.map(letter => letter.text).sort()).toEqual(['', 'before', '{"event_id":"x","seq":6}', '{}'])
  expect(letters[0]).toMatchObject({ stream_sequence: 1, text: 'before', reason: 'not JSON' })
})

async function expectStreamIsTableWithin(marketId: string): Promise<void> {
  const table = await tableEventIds(servers.outbox, marketId)
  const known = new Set(table)
  expect((await streamEventIds(servers.bus, marketId)).filter(id => known.has(id))).toEqual(table)
}

test('copies of the whole history on the subjects do not make it begin again', async () => {
  const marketId = await marketWith(8)
  await publish(marketId)
  const copies = (await wholeStream(servers.bus, marketId)).map(message => message.text)
  for (const text of copies) await sendGarbage(marketId, text)
  await servers.db.query(
    'update publications set stream_created = null, stream_sequence = null, stream_removed = null where market_id = $1',
    [marketId],
  )
  await commitEvents(servers.db, marketId, 4)
  await publish(marketId)
  const ids = await streamEventIds(servers.bus, marketId)
  const table = await tableEventIds(servers.outbox, marketId)
  expect(ids).toEqual([...table.slice(0, 8), ...table.slice(0, 8), ...table.slice(8)])
  expect(await deadLetters(servers.bus, marketId)).toHaveLength(8)
})

test('publishers at once make neither duplicates nor disorder', async () => {
  const marketId = await marketWith(2_000)
  const buses = await Promise.all(
    [1, 2, 3].map(() => connectBus({ servers: [addressOf('BOURSE_NATS_URL')] }, 'rival')),
  )
  const publishing = Promise.all(buses.map(bus => publish(marketId, { bus, lingerMs: 1_500 })))
  for (let batch = 0; batch < 20; batch++) await commitEvents(servers.db, marketId, 100)
  await publishing
  await expectStreamIsTable(marketId)
  await Promise.all(buses.map(bus => bus.close()))
})

test.each([
  ['within the duplicate window', 120_000],
  ['after NATS has forgotten its ids', 100],
])('what a frozen publisher had sent is refused when it thaws %s', async (_when, duplicateWindowMs) => {
  const marketId = await marketWith(6_000)
  const line = await openBreakableLine(addressOf('BOURSE_NATS_URL'))
  const bus = await connectBus({ servers: [line.url], duplicateWindowMs }, 'frozen')
  const replacement = await connectBus(
    { servers: [addressOf('BOURSE_NATS_URL')], duplicateWindowMs },
    'rival',
  )
  const frozen = publish(marketId, { bus, lingerMs: 100 })
  await vi.waitUntil(async () => ((await readStreamFacts(servers.bus, marketId))?.lastSequence ?? 0) > 0, {
    interval: 1,
    timeout: PATIENCE_MS,
  })
  line.freeze()
  await publish(marketId, { bus: replacement })
  await commitEvents(servers.db, marketId, 10)
  await publish(marketId, { bus: replacement })
  const { config } = await servers.bus.manager.streams.info(streamName(marketId))
  expect(config.duplicate_window).toBe(nanos(duplicateWindowMs))
  if (duplicateWindowMs < 1_000) await delay(3 * duplicateWindowMs)
  line.mend()
  await frozen
  await expectStreamIsTable(marketId)
  await replacement.close()
  await bus.close()
  await line.close()
})

test('waits for NATS and goes on when it is back', async () => {
  const marketId = await marketWith(3_000)
  const line = await openBreakableLine(addressOf('BOURSE_NATS_URL'))
  const bus = await connectBus({ servers: [line.url] }, 'cut-off')
  const publishing = publish(marketId, { bus, lingerMs: 200 })
  await vi.waitUntil(async () => ((await readStreamFacts(servers.bus, marketId))?.lastSequence ?? 0) > 0, {
    timeout: PATIENCE_MS,
    interval: 1,
  })
  line.cut()
  await commitEvents(servers.db, marketId, 500)
  line.mend()
  expect(await publishing).toEqual({ publishedSeq: 3_500 })
  await expectStreamIsTable(marketId)
  await bus.close()
  await line.close()
})

test('a message with the id of an event and other words is no event, wherever it stands', async () => {
  const marketId = await marketWith(6)
  await publish(marketId)
  const messages = await wholeStream(servers.bus, marketId)
  await recreateStream(servers.bus, marketId)
  for (const { subject, messageId, text } of messages) {
    const altered = messageId === messages[3]!.messageId ? text.replace('"count":3', '"count":33') : text
    await servers.bus.connection.jetstream().publish(subject, altered, { msgID: messageId })
  }
  await publish(marketId)
  await expectStreamIsTable(marketId)
  expect((await wholeStream(servers.bus, marketId)).map(one => one.text)).toEqual(
    messages.map(one => one.text),
  )
  expect(await deadLetters(servers.bus, marketId)).toMatchObject([
    { stream_sequence: 4, reason: 'not the event the market has at this place' },
  ])
})

test('an event whose message id somebody else has used already is published all the same', async () => {
  const marketId = await marketWith(3)
  await publish(marketId)
  await commitEvents(servers.db, marketId, 4)
  const [stolen] = await servers.outbox.readEvents(marketId, 4, 1)
  await servers.bus.connection
    .jetstream()
    .publish(`bourse.${marketId}.events.system.strange._`, 'first!', { msgID: stolen!.event_id })
  await publish(marketId)
  await expectStreamIsTable(marketId)
  expect(await deadLetters(servers.bus, marketId)).toMatchObject([{ text: 'first!' }])
})

test('a whole event that nobody of us published is taken out, and does not halt publication', async () => {
  const marketId = await marketWith(5)
  await publish(marketId)
  const [last] = (await wholeStream(servers.bus, marketId)).slice(-1)
  const forged = { ...JSON.parse(last!.text), seq: 6, event_id: '9b2f9f8a-8a52-5c7b-9d61-0d8a7f6f2b11' }
  const forge = { msgID: forged.event_id, headers: headers() }
  forge.headers.set('Bourse-Proof', last!.proof)
  await servers.bus.connection.jetstream().publish(subjectOf(forged), JSON.stringify(forged), forge)
  await commitEvents(servers.db, marketId, 2)
  await publish(marketId)
  await expectStreamIsTable(marketId)
  expect(await deadLetters(servers.bus, marketId)).toMatchObject([{ stream_sequence: 6 }])
})

test('an event too large for a message never commits', async () => {
  const marketId = await marketWith(1)
  const data = { reason: 'x'.repeat(1_000_000), agent_id: 'ann', amount: '1' }
  const draft = draftEvent('big', 'credits_burned', data, { correlationId: 'big' })
  const committing = inTransaction(servers.db, async client => {
    const batch = await startBatch(client, marketId)
    await writeEvents(client, batch, [draft])
    await closeBatch(client, batch, 1)
  })
  await expect(committing).rejects.toMatchObject({ constraint: 'fits_into_a_message' })
  expect(await servers.outbox.readLastSeq(marketId)).toBe(1)
})

test('goes on publishing while garbage of every size comes in gusts without end', async () => {
  const marketId = await marketWith(2)
  await publish(marketId)
  await commitEvents(servers.db, marketId, 300)
  const rival = await connectBus({ servers: [addressOf('BOURSE_NATS_URL')] }, 'babbler')
  const stop = new AbortController()
  let sent = 0
  const babbling = (async () => {
    while (!stop.signal.aborted) {
      const size = sent % 50 === 0 ? 1_000_000 : sent % 300
      await rival.connection
        .jetstream()
        .publish(`bourse.${marketId}.events.system.noise._`, 'x'.repeat(size))
        .catch(() => {})
      sent += 1
      // On a starved machine the publisher might be the slower of the two for ever.
      if (sent % GUST === 0) await delay(BREATH_MS)
    }
  })()
  await publish(marketId)
  stop.abort()
  await babbling
  await publish(marketId)
  await expectEventsAreTable(marketId)
  expect(sent).toBeGreaterThan(10)
  await vi.waitUntil(async () => (await deadLetters(servers.bus, marketId)).length === sent, {
    timeout: PATIENCE_MS,
  })
  await rival.close()
})

test('a forged next event without its message id is garbage, not history', async () => {
  const marketId = await marketWith(3)
  await publish(marketId)
  const [last] = (await wholeStream(servers.bus, marketId)).slice(-1)
  const forged = { ...JSON.parse(last!.text), seq: 4, event_id: '9b2f9f8a-8a52-5c7b-9d61-0d8a7f6f2b11' }
  await servers.bus.connection
    .jetstream()
    .publish(subjectOf(forged), JSON.stringify(forged), { headers: headers() })
  await commitEvents(servers.db, marketId, 2)
  await publish(marketId)
  await expectStreamIsTableWithin(marketId)
  expect(await deadLetters(servers.bus, marketId)).toHaveLength(1)
})
