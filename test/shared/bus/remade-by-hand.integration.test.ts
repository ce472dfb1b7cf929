import { DiscardPolicy, type NatsError, RetentionPolicy, StorageType, type StreamConfig } from 'nats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deadLetterStreamName, deadLetterSubject } from '../../../shared/bus/dead-letters.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { deleteStream, eventSubjects, readStreamFacts, streamName } from '../../../shared/bus/stream.ts'
import { eventually } from '../../workflows/economy-client.ts'
import { commitEvents, connectServers, makeMarket, type Servers } from './market-events.ts'
import { deadLetters, streamEventIds, tableEventIds } from './stream-contents.ts'

const EVENTS = 20
const POLL_MS = 10
const LINGER_MS = 1_000
const NAME_IN_USE = 10058
const never = new AbortController().signal

let servers: Servers
beforeAll(async () => {
  servers = await connectServers()
})
afterAll(() => servers.close())

async function marketWith(eventCount: number): Promise<string> {
  const marketId = await makeMarket(servers.db)
  await commitEvents(servers.db, marketId, eventCount - 1)
  return marketId
}

function publish(marketId: string, lingerMs = 0) {
  const { bus, outbox } = servers
  return publishOutbox({ bus, outbox, marketId, signal: never, lingerMs, pollMs: POLL_MS })
}

/** Deletes a market's stream and makes one of its name as somebody might. */
async function makeByHand(
  marketId: string,
  { sealed: isSealed = false, ...settings }: Partial<StreamConfig>,
): Promise<void> {
  const { manager } = servers.bus
  const name = streamName(marketId)
  // A publisher at work may be quicker.
  await eventually(async () => {
    await deleteStream(servers.bus, marketId)
    try {
      return await manager.streams.add({ name, subjects: [eventSubjects(marketId)], ...settings })
    } catch (error) {
      if ((error as NatsError).api_error?.err_code !== NAME_IN_USE) throw error
      return undefined
    }
  })
  // Nobody can make a stream that is sealed already.
  if (isSealed)
    await manager.streams.update(name, {
      ...(await manager.streams.info(name)).config,
      sealed: true,
    } as object)
}

async function expectStreamIsTable(marketId: string): Promise<void> {
  expect(await streamEventIds(servers.bus, marketId)).toEqual(await tableEventIds(servers.outbox, marketId))
}

const BY_HAND: [string, Partial<StreamConfig>][] = [
  ['in memory', { storage: StorageType.Memory }],
  ['that hands each message out once', { retention: RetentionPolicy.Workqueue }],
  ['from which nothing may be taken', { deny_delete: true, deny_purge: true }],
  ['with room for three', { max_msgs: 3 }],
  ['that keeps one of each subject', { max_msgs_per_subject: 1 }],
  ['that takes nothing more when it is full', { max_msgs: 3, discard: DiscardPolicy.New }],
  ['of small messages', { max_msg_size: 100 }],
  ['that acknowledges nothing', { no_ack: true }],
  ['that is sealed', { sealed: true }],
  ['of other subjects', { subjects: ['elsewhere.>'] }],
  ['that begins at 1000', { first_seq: 1_000 }],
]

describe('a stream that somebody made anew by hand', () => {
  test.each(BY_HAND)('%s holds every event in order again', async (name, settings) => {
    const marketId = await marketWith(EVENTS)
    await publish(marketId)
    const own = name === 'of other subjects' ? { subjects: [`elsewhere.${marketId}.>`] } : {}
    await makeByHand(marketId, { ...settings, ...own })
    await commitEvents(servers.db, marketId, EVENTS)
    expect(await publish(marketId)).toEqual({ publishedSeq: 2 * EVENTS })
    await expectStreamIsTable(marketId)
    const { config } = await servers.bus.manager.streams.info(streamName(marketId))
    expect(config).toMatchObject({ storage: 'file', retention: 'limits', max_msgs: -1, max_msg_size: -1 })
  })

  test.each(BY_HAND.filter(([name]) => /other subjects|acknowledges|small/.test(name)))(
    '%s under a publisher at work does, too',
    async (name, settings) => {
      const marketId = await marketWith(EVENTS)
      const publishing = publish(marketId, LINGER_MS)
      await eventually(async () =>
        (await readStreamFacts(servers.bus, marketId))?.lastSequence === EVENTS ? true : undefined,
      )
      const own = name === 'of other subjects' ? { subjects: [`elsewhere.${marketId}.>`] } : {}
      await makeByHand(marketId, { ...settings, ...own })
      await commitEvents(servers.db, marketId, EVENTS)
      await publishing
      await publish(marketId)
      await expectStreamIsTable(marketId)
    },
  )
})

test('garbage whose every word is long keeps no event from being published', async () => {
  const marketId = await marketWith(EVENTS)
  await publish(marketId)
  const long = 'x'.repeat(1_000_000)
  const envelope = { event_id: long, seq: EVENTS + 1, epoch: 1, market_id: marketId }
  for (const text of [
    JSON.stringify({ type: '\u0001'.repeat(150_000) }),
    JSON.stringify({
      ...envelope,
      type: long.slice(1_000_000 - 40_000),
      event_id: 'a',
      [long.slice(100_000)]: 1,
    }),
    JSON.stringify({ type: long }),
    JSON.stringify({ type: 'price_update', [long]: 1 }),
    '\u0000'.repeat(1_000_000),
  ]) {
    await servers.bus.connection.jetstream().publish(`bourse.${marketId}.events.system.x._`, text)
  }
  await commitEvents(servers.db, marketId, EVENTS)
  expect(await publish(marketId)).toEqual({ publishedSeq: 2 * EVENTS })
  const known = new Set(await tableEventIds(servers.outbox, marketId))
  expect((await streamEventIds(servers.bus, marketId)).filter(id => known.has(id))).toEqual([...known])
  const letters = await deadLetters(servers.bus, marketId)
  expect(letters.map(letter => letter.stream_sequence)).toEqual([1, 2, 3, 4, 5].map(place => EVENTS + place))
})

test.each([
  ['in memory', { storage: StorageType.Memory }],
  ['with room for one', { max_msgs: 1, discard: DiscardPolicy.New }],
])('dead letters in a stream that somebody made %s are kept all the same', async (_, settings) => {
  const marketId = await marketWith(EVENTS)
  const name = deadLetterStreamName(marketId)
  await servers.bus.manager.streams.add({ name, subjects: [deadLetterSubject(marketId)], ...settings })
  await publish(marketId)
  const texts = ['one', 'two', 'three']
  for (const text of texts) {
    await servers.bus.connection.jetstream().publish(`bourse.${marketId}.events.system.x._`, text)
  }
  await commitEvents(servers.db, marketId, EVENTS)
  expect(await publish(marketId)).toEqual({ publishedSeq: 2 * EVENTS })
  expect((await deadLetters(servers.bus, marketId)).map(letter => letter.text)).toEqual(texts)
})
