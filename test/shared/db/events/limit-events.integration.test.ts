import { randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { connectBus } from '../../../../shared/bus/connect.ts'
import { publishOutbox } from '../../../../shared/bus/publish.ts'
import { streamName } from '../../../../shared/bus/stream.ts'
import { trimStream } from '../../../../shared/bus/trim-stream.ts'
import { limitEvents } from '../../../../shared/db/events/limit-events.ts'
import { createPostgresOutbox } from '../../../../shared/db/events/outbox.ts'
import { claimSpans } from '../../../../shared/db/events/span-emissions.ts'
import { readKeptEvents } from '../../../../shared/db/events/trim-outbox.ts'
import { createPostgresEconomy } from '../../../../shared/db/postgres-economy.ts'
import { marketSettingsSchema } from '../../../../shared/market/rules.ts'
import { verify } from '../../../../shared/verify/verify.ts'
import { addressOf, commitEvents } from '../../bus/market-events.ts'
import { ownDatabase } from '../own-database.ts'

const KEPT = 10_000
const never = new AbortController().signal
const { db } = await ownDatabase()
const outbox = createPostgresOutbox(db)
const bus = await connectBus({ servers: [addressOf('BOURSE_NATS_URL')] }, 'limit')
afterAll(() => bus.close())

const publish = (marketId: string) =>
  publishOutbox({ bus, outbox, marketId, signal: never, lingerMs: 0, pollMs: 10 })
const problems: unknown[] = []
const onTrouble = (_marketId: string, problem: unknown) => problems.push(problem)
const limit = (trim = (marketId: string, seq: number) => trimStream(bus, marketId, seq)) =>
  limitEvents({ db, outbox, hint: async () => {}, trimStream: trim, onTrouble }, never)

test('a market with the rule keeps its newest events from a checkpoint on, whoever dies over it', async () => {
  const marketId = `limit-${randomBytes(6).toString('hex')}`
  const economy = createPostgresEconomy(db, async () => {})
  await economy.createMarket(marketId, marketSettingsSchema.parse({ rules: { eventsKept: KEPT } }))
  await economy.registerAgent({ marketId, agent: 'ann', creditsMicro: 5_000_000n })
  await commitEvents(db, marketId, KEPT)
  await publish(marketId)
  expect((await Promise.all([limit(), limit()])).sort()).toEqual([0, 1])
  const { checkpointSeq } = await readKeptEvents(db, marketId)
  expect(checkpointSeq).toBe(KEPT + 4)
  expect(await limit()).toBe(0)

  await commitEvents(db, marketId, KEPT)
  await publish(marketId)
  const killed = new Error('killed')
  expect(await limit(() => Promise.reject(killed))).toBe(0)
  expect(problems).toEqual([killed])
  expect(await readKeptEvents(db, marketId)).toMatchObject({ firstSeq: checkpointSeq, trimmedSeq: 1 })
  expect(await limit()).toBe(1)
  expect(await readKeptEvents(db, marketId)).toMatchObject({
    firstSeq: checkpointSeq,
    trimmedSeq: checkpointSeq,
  })
  expect((await bus.manager.streams.info(streamName(marketId))).state.first_seq).toBe(checkpointSeq)
  const { rows } = await db.query(
    `select count(*)::int as events from event_batches join outbox using (batch_id) where market_id = $1`,
    [marketId],
  )
  expect(rows[0].events).toBe(KEPT + 1)
  expect(await claimSpans(db, 3_600)).toMatchObject({ marketId, toldSeq: checkpointSeq! - 1 })
  const report = await verify({ db, bus, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
})
