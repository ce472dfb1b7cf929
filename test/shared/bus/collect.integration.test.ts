import { headers, nanos } from 'nats'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type CollectOptions, collect, EventsMissing } from '../../../shared/bus/collect.ts'
import { connectBus } from '../../../shared/bus/connect.ts'
import { headersWith } from '../../../shared/bus/message-headers.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { recreateStream, streamName } from '../../../shared/bus/stream.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { openBreakableLine } from './breakable-line.ts'
import { addressOf, commitEvents, connectServers, makeMarket, type Servers } from './market-events.ts'
import { deadLetters, tableEventIds } from './stream-contents.ts'

let servers: Servers
beforeAll(async () => {
  servers = await connectServers()
})
afterAll(() => servers.close())

const never = new AbortController().signal

async function publish(marketId: string): Promise<void> {
  await publishOutbox({ ...servers, marketId, signal: never, lingerMs: 0, pollMs: 10 })
}

async function publishedMarket(eventCount: number): Promise<string> {
  const marketId = await makeMarket(servers.db)
  if (eventCount > 1) await commitEvents(servers.db, marketId, eventCount - 1)
  await publish(marketId)
  return marketId
}

async function collected(marketId: string, options: Partial<CollectOptions> = {}): Promise<BourseEvent[]> {
  const events: BourseEvent[] = []
  for await (const event of collect({ bus: servers.bus, marketId, signal: never, follow: false, ...options }))
    events.push(event)
  return events
}

const seqsOf = (events: readonly BourseEvent[]) => events.map(event => event.seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, place) => from + place)

test('gives every event once, in order, and ends with the stream', async () => {
  const marketId = await publishedMarket(2_500)
  const events = await collected(marketId)
  expect(seqsOf(events)).toEqual(range(1, 2_500))
  expect(events.map(event => event.event_id)).toEqual(await tableEventIds(servers.outbox, marketId))
})

test('gives nothing of a market that has no stream', async () => {
  expect(await collected('no-such-market')).toEqual([])
})

test('resumes at exactly the next event, with garbage and copies on the way', async () => {
  const marketId = await publishedMarket(4)
  const jetstream = servers.bus.connection.jetstream()
  const copy = await servers.bus.manager.streams.getMessage(streamName(marketId), { seq: 3 })
  let windowMs = 100
  await vi.waitUntil(
    async () => {
      // The server may apply a new window only at the next change of it, so that each attempt asks for another.
      await servers.bus.manager.streams.update(streamName(marketId), { duplicate_window: nanos(windowMs++) })
      const { duplicate } = await jetstream.publish(copy.subject, copy.data, {
        msgID: copy.header.get('Nats-Msg-Id'),
      })
      return !duplicate
    },
    { timeout: PATIENCE_MS, interval: 250 },
  )
  for (const text of ['nonsense', '', '{"type":"unknown"}'])
    await jetstream.publish(`bourse.${marketId}.events.system.strange._`, text)
  await commitEvents(servers.db, marketId, 4)
  const first: number[] = []
  for await (const event of collect({ bus: servers.bus, marketId, signal: never, follow: false })) {
    first.push(event.seq)
    if (event.seq === 3) break
  }
  await publish(marketId)
  const rest = await collected(marketId, { fromSeq: 4 })
  expect([...first, ...seqsOf(rest)]).toEqual(range(1, 8))
  expect((await deadLetters(servers.bus, marketId)).map(letter => letter.stream_sequence)).toContain(6)
})

test('headers that no client would write, and statuses that only a server tells, keep nobody from reading', async () => {
  const marketId = await publishedMarket(3)
  const subject = `bourse.${marketId}.events.system.strange._`
  const strange = [
    headersWith({ 'not a name': 'x', 'Nats-Sequence': '1', 'Nats-Subject': 'somewhere.else' }),
    headersWith({ 'Nats-Msg-Id': '\u00e4\u00f6' }),
    headers(204, 'EOB'),
    headers(404, 'Message Not Found'),
    headers(503, 'No Responders'),
  ]
  for (const sent of strange)
    await servers.bus.connection.request(subject, 'x', { headers: sent, timeout: 5_000 })
  await commitEvents(servers.db, marketId, 2)
  await publish(marketId)
  expect(seqsOf(await collected(marketId))).toEqual(range(1, 5))
  const letters = await deadLetters(servers.bus, marketId)
  expect(letters.map(letter => letter.stream_sequence)).toEqual([4, 5, 6, 7, 8])
  expect(letters).toMatchObject(strange.map(() => ({ subject, reason: 'not JSON' })))
})

test('follows what is published, across a stream made anew, up to the event wanted', async () => {
  const marketId = await publishedMarket(10)
  const seqs: number[] = []
  const following = (async () => {
    for await (const event of collect({
      bus: servers.bus,
      marketId,
      signal: never,
      follow: true,
      untilSeq: 30,
    }))
      seqs.push(event.seq)
  })()
  await vi.waitUntil(() => seqs.length === 10, { timeout: PATIENCE_MS })
  await commitEvents(servers.db, marketId, 10)
  await publish(marketId)
  await vi.waitUntil(() => seqs.length === 20, { timeout: PATIENCE_MS })
  await recreateStream(servers.bus, marketId)
  await commitEvents(servers.db, marketId, 10)
  await publish(marketId)
  await following
  expect(seqs).toEqual(range(1, 30))
})

test('names the events that are missing', async () => {
  const marketId = await publishedMarket(10)
  for (const seq of [4, 5]) await servers.bus.manager.streams.deleteMessage(streamName(marketId), seq)
  const seqs: number[] = []
  const problem = await (async () => {
    const options = { bus: servers.bus, marketId, signal: never, follow: true, gapWaitMs: 300 }
    for await (const event of collect(options)) seqs.push(event.seq)
  })().catch(error => error)
  expect(seqs).toEqual([1, 2, 3])
  expect(problem).toBeInstanceOf(EventsMissing)
  expect(problem).toMatchObject({ marketId, firstMissingSeq: 4, lastMissingSeq: 5 })
})

test('waits for a gap to be filled', async () => {
  const marketId = await publishedMarket(10)
  await servers.bus.manager.streams.deleteMessage(streamName(marketId), 4)
  const seqs: number[] = []
  const collecting = (async () => {
    for await (const event of collect({
      bus: servers.bus,
      marketId,
      signal: never,
      follow: true,
      untilSeq: 10,
    }))
      seqs.push(event.seq)
  })()
  await vi.waitUntil(() => seqs.length === 3, { timeout: PATIENCE_MS })
  await publish(marketId)
  await collecting
  expect(seqs).toEqual(range(1, 10))
})

test('goes on when NATS is back, and ends when told to', async () => {
  const marketId = await publishedMarket(10)
  const line = await openBreakableLine(addressOf('BOURSE_NATS_URL'))
  const bus = await connectBus({ servers: [line.url] }, 'collector')
  const end = new AbortController()
  const seqs: number[] = []
  const collecting = (async () => {
    for await (const event of collect({ bus, marketId, signal: end.signal, follow: true }))
      seqs.push(event.seq)
  })()
  const ended = expect(collecting).rejects.toThrow('enough')
  await vi.waitUntil(() => seqs.length === 10, { timeout: PATIENCE_MS })
  line.cut()
  await commitEvents(servers.db, marketId, 10)
  await publish(marketId)
  line.mend()
  await vi.waitUntil(() => seqs.length === 20, { timeout: PATIENCE_MS })
  end.abort(new Error('enough'))
  await ended
  expect(seqs).toEqual(range(1, 20))
  await bus.close()
  await line.close()
})
