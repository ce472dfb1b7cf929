import { type Client, Connection, Client as TemporalClient } from '@temporalio/client'
import { connectBus } from '../../shared/bus/connect.ts'
import { loadEnvironment } from '../../shared/config/environment.ts'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import { createDatabase } from '../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../shared/db/postgres-economy.ts'
import { type BourseEvent, parseEvent } from '../../shared/events/envelope.ts'
import { marketSettingsSchema } from '../../shared/market/rules.ts'
import { createLog } from '../../shared/telemetry/log.ts'
import { createHint } from '../../shared/temporal/hint.ts'
import { PATIENCE_MS } from '../patience.ts'

/** No test writes more events into a market. */
const MAX_EVENTS = 100_000
/**
 * A test meets no price update and no agent that falls dormant but those it asks for, and the servers are not kept busy by
 * markets left behind.
 */
const LITTLE_BY_ITSELF = { pricePeriodSeconds: 86_400, dormantAfterSeconds: 1_000_000 }

/** What an integration test uses of the running servers; markets it makes are its own. */
export async function openTestEconomy(env: NodeJS.ProcessEnv = process.env) {
  const environment = loadEnvironment(env)
  const db = createDatabase(environment.postgresUrl, 'bourse test')
  const connection = await Connection.connect({ address: environment.temporal.address })
  const client: Client = new TemporalClient({ connection })
  const bus = await connectBus(environment.nats, 'bourse test')
  const log = createLog('test', { level: 'warn' })
  const { taskQueue } = environment.temporal
  const economy = createPostgresEconomy(db, createHint(client, taskQueue, log))
  /** The same economy as used by a process that dies between its commits and its hints. */
  const hintless = createPostgresEconomy(db, async () => {})
  return {
    db,
    bus,
    client,
    economy,
    hintless,
    taskQueue,
    async createMarket(
      name: string,
      rules: Record<string, unknown> = {},
      agents: Record<string, bigint> = {},
    ) {
      const marketId = `${name}-${Date.now().toString(36)}`
      await economy.createMarket(
        marketId,
        marketSettingsSchema.parse({ rules: { ...LITTLE_BY_ITSELF, ...rules } }),
      )
      for (const [agent, credits] of Object.entries(agents)) {
        await economy.registerAgent({ marketId, agent, creditsMicro: credits * 1_000_000n })
      }
      return marketId
    },
    /** A market's events as Postgres has them, published or not. */
    async writtenEvents(marketId: string): Promise<BourseEvent[]> {
      const written = await createPostgresOutbox(db).readEvents(marketId, 0, MAX_EVENTS)
      return written.map(({ text }) => {
        const parsed = parseEvent(text)
        if (!parsed.ok) throw new Error(parsed.problem)
        return parsed.event
      })
    },
    async close() {
      await bus.close()
      await connection.close()
      await db.end()
    },
  }
}

export type TestEconomy = Awaited<ReturnType<typeof openTestEconomy>>

const LOOK_INTERVAL_MS = 50

/** Waits until `look` answers something other than undefined, false or null, and returns it. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false | null>,
  waitMs = PATIENCE_MS,
): Promise<T> {
  const until = Date.now() + waitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false && found !== null) return found
    if (Date.now() > until) throw new Error(`not within ${waitMs} ms: ${look}`)
    await new Promise(resolve => setTimeout(resolve, LOOK_INTERVAL_MS))
  }
}
