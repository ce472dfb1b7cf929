import { randomBytes } from 'node:crypto'
import { type Bus, connectBus } from '../../../shared/bus/connect.ts'
import { closeBatch, startBatch, writeEvents } from '../../../shared/db/events/event-batch.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { createMarket } from '../../../shared/db/market/create-market.ts'
import { createDatabase, type Database } from '../../../shared/db/pool.ts'
import { inTransaction } from '../../../shared/db/transaction.ts'
import { draftEvent } from '../../../shared/events/draft.ts'
import type { Outbox } from '../../../shared/events/outbox.ts'
import { marketSettingsSchema } from '../../../shared/market/rules.ts'

/** Postgres and NATS of the test run. */
export interface Servers {
  db: Database
  outbox: Outbox
  bus: Bus
  close(): Promise<void>
}

export function addressOf(variable: 'BOURSE_POSTGRES_URL' | 'BOURSE_NATS_URL'): string {
  const address = process.env[variable]
  if (!address) throw new Error(`${variable} is not set`)
  return address
}

export async function connectServers(): Promise<Servers> {
  const db = createDatabase(addressOf('BOURSE_POSTGRES_URL'), 'bourse-test')
  const bus = await connectBus({ servers: [addressOf('BOURSE_NATS_URL')] }, 'bourse-test')
  return {
    db,
    outbox: createPostgresOutbox(db),
    bus,
    async close() {
      await bus.close()
      await db.end()
    },
  }
}

/** Whoever should look at a market before it is put out of sight finds no price to move in it. */
const QUIET = marketSettingsSchema.parse({ rules: { pricePeriodSeconds: 86_400 } })

/** A market of its own for a test, which no worker looks at; its event 1 is market_created. */
export async function makeMarket(db: Database): Promise<string> {
  const marketId = `bus-${randomBytes(6).toString('hex')}`
  const created = await createMarket(db, marketId, QUIET)
  if (!created.ok) throw new Error(JSON.stringify(created))
  await db.query(`update market_sequences set asleep = false, wake_at = '2100-01-01' where market_id = $1`, [
    marketId,
  ])
  return marketId
}

/** Commits `count` more events of a market in one transaction. */
export async function commitEvents(db: Database, marketId: string, count: number): Promise<void> {
  const operation = randomBytes(6).toString('hex')
  const drafts = Array.from({ length: count }, (_, place) =>
    draftEvent(
      operation,
      'bid_rejected',
      { reason: 'rate_limited', required: null, available: `${place}.5`, count: place + 1 },
      { agent: `agent-${place % 16}`, correlationId: operation },
    ),
  )
  await inTransaction(db, async client => {
    const batch = await startBatch(client, marketId)
    await writeEvents(client, batch, drafts)
    await closeBatch(client, batch, count)
  })
}
