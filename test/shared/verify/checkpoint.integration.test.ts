import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collect } from '../../../shared/bus/collect.ts'
import { recreateStream, streamName } from '../../../shared/bus/stream.ts'
import { trimStream } from '../../../shared/bus/trim-stream.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { beginWith, trimOutbox } from '../../../shared/db/events/trim-outbox.ts'
import { writeCheckpoint } from '../../../shared/db/events/write-checkpoint.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { atOneSnapshot } from '../../../shared/db/transaction.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { checkRebuilt } from '../../../shared/verify/rebuild.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { connectServers, openEventfulMarket, publish, type Servers, withCopyOf } from './audited-market.ts'

let servers: Servers
let marketId: string
let checkpointSeq: number

beforeAll(async () => {
  servers = await connectServers()
  marketId = await openEventfulMarket(servers.db)
  const written = await writeCheckpoint(servers.db, createPostgresOutbox(servers.db), marketId)
  if (!written.ok) throw new Error('no checkpoint was written')
  checkpointSeq = written.checkpointSeq
  await publish(servers, marketId)
})
afterAll(() => servers.close())

async function collected(fromSeq?: number): Promise<BourseEvent[]> {
  const events: BourseEvent[] = []
  const { signal } = new AbortController()
  const from = fromSeq === undefined ? {} : { fromSeq }
  for await (const event of collect({ bus: servers.bus, marketId, signal, follow: false, ...from }))
    events.push(event)
  return events
}

async function goOn(agent: string): Promise<void> {
  const economy = createPostgresEconomy(servers.db, async () => {})
  await economy.registerAgent({ marketId, agent, creditsMicro: 5_000_000n })
  await publish(servers, marketId)
}

async function expectAllInOrder(): Promise<void> {
  const report = await verify({ ...servers, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
}

test('a checkpoint changes nothing for whoever reads from the first event', async () => {
  await goOn('dora')
  await expectAllInOrder()
  expect((await collected())[0]?.seq).toBe(1)
})

describe('when the events before it are removed', () => {
  beforeAll(async () => {
    await beginWith(servers.db, marketId, checkpointSeq)
    // Whatever of it is done, and by whomever it is interrupted: a publisher in between harms nothing.
    await goOn('emil')
    await expectAllInOrder()
    expect(await trimStream(servers.bus, marketId, checkpointSeq)).toBe(true)
    await goOn('fred')
    expect(await trimOutbox(servers.db, marketId, checkpointSeq)).toBe(checkpointSeq - 1)
    await goOn('gina')
  })

  test('the stream begins with it, and an audit rebuilds from there and says so', async () => {
    expect((await servers.bus.manager.streams.info(streamName(marketId))).state.first_seq).toBe(checkpointSeq)
    const report = await verify({ ...servers, marketId, fromEvents: true })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
    const notes = report.checks.map(check => check.detail).filter(detail => detail !== null)
    expect(notes).toEqual([`from the checkpoint at event ${checkpointSeq}, not from event 1`])
  })

  test('readers begin with it; one that wants an event before it is told where to begin', async () => {
    expect((await collected())[0]).toMatchObject({ seq: checkpointSeq, type: 'state_checkpoint' })
    await expect(collected(3)).rejects.toMatchObject({ name: 'EventsNotKept', checkpointSeq })
    expect((await collected(checkpointSeq + 1))[0]?.seq).toBe(checkpointSeq + 1)
  })

  test('a stream made anew begins with it too', async () => {
    await recreateStream(servers.bus, marketId)
    await publish(servers, marketId)
    await servers.bus.manager.streams.delete(streamName(marketId))
    await publish(servers, marketId)
    await expectAllInOrder()
    expect((await collected())[0]?.seq).toBe(checkpointSeq)
  })

  test.each([
    ['a bid', `update bids set amount_micro = amount_micro + 1 where status = 'completed'`, 'bids are'],
    ['a lost lease', `delete from leases where status = 'ended'`, 'leases are'],
    ['a cycle', `update cycles set winners = winners + 1 where number = 1`, 'settled cycles are'],
  ])('damage to what was over before it is seen: %s', async (_what, sql, failing) => {
    const { lastSeq } = await atOneSnapshot(servers.db, async client => {
      const { rows } = await client.query('select last_seq from market_sequences where market_id = $1', [
        marketId,
      ])
      return { lastSeq: Number(rows[0].last_seq) }
    })
    const checks = await withCopyOf(servers.db, marketId, async client => {
      await client.query(sql)
      return await checkRebuilt(client, { bus: servers.bus, marketId, lastSeq, waitMs: 5_000 })
    })
    const failed = checks.filter(check => !check.ok)
    expect(failed.map(check => check.name)).toEqual([expect.stringContaining(failing)])
    expect(failed[0]!.detail).toContain('before the checkpoint')
  })

  test('a second checkpoint is built on the first', async () => {
    const written = await writeCheckpoint(servers.db, createPostgresOutbox(servers.db), marketId)
    if (!written.ok) throw new Error('no checkpoint was written')
    await publish(servers, marketId)
    await beginWith(servers.db, marketId, written.checkpointSeq)
    await trimStream(servers.bus, marketId, written.checkpointSeq)
    await trimOutbox(servers.db, marketId, written.checkpointSeq)
    await goOn('hugo')
    await expectAllInOrder()
    expect((await collected())[0]?.seq).toBe(written.checkpointSeq)
  })
})
