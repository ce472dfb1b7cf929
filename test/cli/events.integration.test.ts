import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publishOutbox } from '../../shared/bus/publish.ts'
import { eventTypes } from '../../shared/events/registry.ts'
import { commitEvents, connectServers, makeMarket, type Servers } from '../shared/bus/market-events.ts'
import { restoreBackup } from '../shared/bus/restore-backup.ts'
import { bourseJson, interruptBourse, runBourse } from './run-bourse.ts'

const folder = mkdtempSync(join(tmpdir(), 'bourse-events-'))
let servers: Servers
beforeAll(async () => {
  servers = await connectServers()
})
afterAll(async () => {
  await servers.close()
  rmSync(folder, { recursive: true })
})

/** Publishes until `signal` aborts, or what there is. */
function publish(marketId: string, signal?: AbortSignal): Promise<unknown> {
  const lingerMs = signal === undefined ? 0 : 120_000
  const stop = signal ?? new AbortController().signal
  return publishOutbox({ ...servers, marketId, signal: stop, lingerMs, pollMs: 10 })
}

async function publishedMarket(eventCount: number): Promise<string> {
  const marketId = await makeMarket(servers.db)
  await commitEvents(servers.db, marketId, eventCount - 1)
  await publish(marketId)
  return marketId
}

interface PrintedEvent {
  seq: number
  type: string
  event_id: string
  epoch: number
  timestamp: string
}

/** The documents that a command printed, one a line; the last line may be torn when it was killed. */
function linesOf(stdout: string): PrintedEvent[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

async function events(marketId: string, ...more: string[]): Promise<PrintedEvent[]> {
  const { code, stdout } = await runBourse(['events', marketId, '--json', ...more])
  expect(code).toBe(0)
  return linesOf(stdout)
}

const seqsOf = (printed: readonly PrintedEvent[]) => printed.map(event => event.seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, place) => from + place)

it('bourse events tells what happened in a stretch of time', async () => {
  const marketId = await publishedMarket(5)
  await commitEvents(servers.db, marketId, 5)
  await publish(marketId)
  const all = await events(marketId)
  const middle = all[5]!.timestamp
  const [before, after] = [
    all.filter(one => one.timestamp < middle),
    all.filter(one => one.timestamp >= middle),
  ]
  expect(before.length).toBeGreaterThanOrEqual(1)
  expect(await events(marketId, '--until', middle)).toEqual(before)
  expect(await events(marketId, '--since', middle)).toEqual(after)
  expect(await events(marketId, '--since', middle, '--until', middle)).toEqual([])
  const day = middle.slice(0, 10)
  expect(await events(marketId, '--since', day)).toEqual(all.filter(one => one.timestamp >= day))
  expect((await runBourse(['events', marketId, '--since', 'yesterday'])).code).toBe(2)
})

describe('bourse events --follow --position', () => {
  it('killed, goes on at exactly the event after the place it kept', async () => {
    const marketId = await publishedMarket(40)
    const place = join(folder, 'killed.json')
    const command = ['events', marketId, '--follow', '--json', '--position', place]
    const killed = await interruptBourse(command, '"seq":25,', 'SIGKILL')
    expect(killed.code).toBeNull()
    const kept = JSON.parse(readFileSync(place, 'utf8'))
    const printed = linesOf(killed.stdout)
    expect(seqsOf(printed)).toEqual(range(1, printed.length))
    expect(kept).toEqual({ market: marketId, seq: kept.seq, eventId: expect.any(String), epoch: 1 })
    expect(printed.length).toBeGreaterThanOrEqual(kept.seq)
    expect(printed[kept.seq - 1]!.event_id).toBe(kept.eventId)
    await commitEvents(servers.db, marketId, 5)
    await publish(marketId)
    expect(seqsOf(await events(marketId, '--position', place))).toEqual(range(kept.seq + 1, 45))
    expect(await events(marketId, '--position', place)).toEqual([])
  })

  it('refuses a file that is no place in this market', async () => {
    const [one, other] = [await publishedMarket(2), await publishedMarket(2)]
    const place = join(folder, 'other.json')
    await events(one, '--position', place)
    const answer = await bourseJson(['events', other, '--position', place])
    expect(answer).toMatchObject({ code: 1, document: { error: { code: 'unusable_position' } } })
    expect((await bourseJson(['events', one, '--position', place, '--from', '1'])).code).toBe(2)
  })
})

describe('bourse events schema', () => {
  it('prints the JSON Schema of every type, of one, and refuses one that there is not', async () => {
    const all = await bourseJson(['events', 'schema'])
    expect(all.code).toBe(0)
    expect(Object.keys(all.document.$defs).sort()).toEqual(Object.keys(eventTypes).sort())
    const one = await bourseJson(['events', 'schema', 'bid_placed'])
    expect(one).toMatchObject({
      code: 0,
      document: { title: 'bid_placed', properties: { type: { const: 'bid_placed' } } },
    })
    expect(await bourseJson(['events', 'schema', 'toString'])).toMatchObject({
      code: 2,
      document: { error: { field: 'type' } },
    })
  })
})

describe('bourse events dead-letters', () => {
  it('shows what stood on the subjects and was no event, and why, and nothing of a market without', async () => {
    const marketId = await publishedMarket(3)
    expect((await runBourse(['events', 'dead-letters', marketId, '--json'])).stdout).toBe('')
    const subject = `bourse.${marketId}.events.system.strange._`
    for (const text of ['nonsense\u001b[2J', '{"type":"strange"}'])
      await servers.bus.connection.jetstream().publish(subject, text)
    await commitEvents(servers.db, marketId, 2)
    await publish(marketId)
    expect(seqsOf(await events(marketId))).toEqual(range(1, 5))
    const { code, stdout } = await runBourse(['events', 'dead-letters', marketId, '--json'])
    expect(code).toBe(0)
    expect(linesOf(stdout)).toMatchObject([
      { stream_sequence: 4, subject, reason: 'not JSON', text: 'nonsense\u001b[2J' },
      { stream_sequence: 5, subject, reason: expect.stringContaining('event_id') },
    ])
    const shown = await runBourse(['events', 'dead-letters', marketId])
    expect(shown.stdout).toContain('not JSON')
    expect(shown.stdout).not.toContain('\u001b')
  })
})

describe('bourse events checkpoint', () => {
  it('lets stream and outbox begin with the state, from which an audit rebuilds', async () => {
    const marketId = await publishedMarket(200)
    const stop = new AbortController()
    const publishing = publish(marketId, stop.signal).catch(() => {})
    const made = await bourseJson(['events', 'checkpoint', marketId])
    expect(made).toMatchObject({
      code: 0,
      document: { ok: true, marketId, checkpointSeq: 201, eventsRemoved: 200, resumed: false },
    })
    await commitEvents(servers.db, marketId, 3)
    const verified = await bourseJson(['verify', marketId, '--from-events'])
    expect(verified.document.checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([])
    stop.abort()
    await publishing
    const kept = await events(marketId)
    expect(seqsOf(kept)).toEqual(range(201, 204))
    expect(kept[0]!.type).toBe('state_checkpoint')
    expect(await bourseJson(['events', marketId, '--from', '7'])).toMatchObject({
      code: 1,
      document: { error: { code: 'events_not_kept' } },
    })
  })
})

describe('bourse repair', () => {
  it('changes nothing where nothing has diverged, and knows its markets', async () => {
    const marketId = await publishedMarket(4)
    expect(await bourseJson(['repair', marketId])).toMatchObject({ code: 0, document: { repaired: false } })
    expect(await servers.outbox.readLastSeq(marketId)).toBe(4)
    expect(await bourseJson(['repair', 'no-such-market'])).toMatchObject({
      code: 1,
      document: { error: { code: 'unknown_market' } },
    })
  })

  it('takes what a restored Postgres has for the history, and readers of the lost end are told', async () => {
    const marketId = await publishedMarket(10)
    await commitEvents(servers.db, marketId, 5)
    await publish(marketId)
    const place = join(folder, 'restored.json')
    expect(await events(marketId, '--position', place)).toHaveLength(15)
    await restoreBackup(servers.db, marketId, 10)
    await expect(publish(marketId)).rejects.toThrow(`bourse repair ${marketId}`)
    const repaired = await bourseJson(['repair', marketId])
    expect(repaired).toMatchObject({
      code: 0,
      document: { ok: true, marketId, repaired: true, epoch: 2, lastSeq: 10 },
    })
    await publish(marketId)
    const told = await events(marketId)
    expect(seqsOf(told)).toEqual(range(1, 11))
    expect(told.at(-1)).toMatchObject({ type: 'history_restored', epoch: 2 })
    expect(await bourseJson(['events', marketId, '--position', place])).toMatchObject({
      code: 1,
      document: { error: { code: 'history_restored', message: expect.stringContaining('up to 10') } },
    })
    expect(await bourseJson(['repair', marketId])).toMatchObject({ code: 0, document: { repaired: false } })
    const verified = await bourseJson(['verify', marketId, '--from-events'])
    expect(verified.document.checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([])
  })
})
