import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { connectBus } from '../shared/bus/connect.ts'
import { publishText, receiveRequests } from '../shared/bus/requests.ts'
import type { loadGatewayEnvironment } from '../shared/config/environment.ts'
import { createPostgresIdentity } from '../shared/db/agents/postgres-identity.ts'
import { readOwner } from '../shared/db/agents/read-owner.ts'
import { createPostgresAttention } from '../shared/db/attention/postgres-attention.ts'
import { isObserved, writeObserved } from '../shared/db/events/observed-events.ts'
import { createPostgresLedger } from '../shared/db/ledger/postgres-ledger.ts'
import { createDatabase } from '../shared/db/pool.ts'
import { createPostgresEconomy } from '../shared/db/postgres-economy.ts'
import { createPostgresServices } from '../shared/db/services/postgres-services.ts'
import { createAccountable } from '../shared/gateway/accountable.ts'
import { announceMarkets } from '../shared/gateway/announce.ts'
import { createEventBatches } from '../shared/gateway/event-batches.ts'
import { createGateway, GATEWAY_LIMITS } from '../shared/gateway/gateway.ts'
import { createHandlers } from '../shared/gateway/handlers/all.ts'
import { createMisdirectedNotices } from '../shared/gateway/misdirected.ts'
import { createCallObserver } from '../shared/gateway/observed-calls.ts'
import { createSharedReading } from '../shared/gateway/shared-reading.ts'
import { RPC_SUBJECTS } from '../shared/rpc/subjects.ts'
import { measuredEconomy } from '../shared/telemetry/measured-economy.ts'
import { serveMetrics } from '../shared/telemetry/serve-metrics.ts'
import { startTelemetry } from '../shared/telemetry/start-telemetry.ts'
import { connectTemporal } from '../shared/temporal/connect.ts'
import { createHint } from '../shared/temporal/hint.ts'
import { readTraceparent } from '../shared/trace/traceparent.ts'
import { createProgramTester } from './test-program.ts'
import { tracedHandlers } from './traced-handlers.ts'
import { createWorkerSandbox } from './worker-sandbox.ts'

/** All gateways are one queue: each request reaches one of them. */
const QUEUE = 'bourse-gateway'
/** Admission has connections of its own, so that reads which take long keep none from a batch of bids. */
const MAX_ADMISSION_CONNECTIONS = 8
const DRAIN_WAIT_MS = 10_000
/** A market's rule on observing calls is followed within this time. */
const RULE_FRESH_MS = 1_000
const MARKETS_REMEMBERED_MAX = 10_000

/**
 * Runs a gateway until `signal` aborts: then it takes no more, answers what it took, and ends. `onReady` is called when
 * it answers.
 */
export async function runGateway(
  environment: ReturnType<typeof loadGatewayEnvironment>,
  { signal, onReady }: { signal: AbortSignal; onReady: () => void },
): Promise<void> {
  const telemetry = await startTelemetry('gateway', environment)
  const { log } = telemetry
  const metricsServer = await serveMetrics({
    registry: telemetry.metrics,
    ...environment.telemetry.metrics,
    log,
  })
  const db = createDatabase(environment.postgresUrl, 'bourse gateway', GATEWAY_LIMITS.runningMax)
  const admissionDb = createDatabase(
    environment.postgresUrl,
    'bourse gateway admission',
    MAX_ADMISSION_CONNECTIONS,
  )
  const bus = await connectBus(environment.natsGateway, 'bourse gateway')
  // It reads streams, which the connection that answers agents may not.
  const source = await connectBus(environment.nats, 'bourse gateway announcer')
  const client = await connectTemporal(environment.temporal, telemetry.temporal.client)
  const hint = createHint(client, environment.temporal.taskQueue, log)
  const handlers = createHandlers({
    db,
    economy: createPostgresEconomy(db, hint),
    ledger: createPostgresLedger(db, hint),
    attention: createPostgresAttention(db, hint),
    admission: measuredEconomy(createPostgresEconomy(admissionDb, hint), telemetry.metrics),
    services: createPostgresServices(db, hint),
    identity: createPostgresIdentity(db, hint),
    hint,
    testProgram: createProgramTester(createWorkerSandbox()),
  })
  const tellMisdirected = createMisdirectedNotices((subject, text) => publishText(bus, subject, text))
  const gateway = createGateway({
    handlers: telemetry.tracing === null ? handlers : tracedHandlers(handlers),
    accountable: createAccountable((marketId, agent) => readOwner(db, marketId, agent)),
    around: createCallObserver({
      isObserved: createSharedReading(
        marketId => isObserved(db, marketId),
        RULE_FRESH_MS,
        MARKETS_REMEMBERED_MAX,
      ),
      tell: createEventBatches(async (marketId, events) => {
        const { woken } = await writeObserved(db, marketId, events)
        if (woken) await hint(marketId)
      }),
    }),
    answer: (reply, text) => publishText(bus, reply, text),
    misdirected(marketId, agent, reply) {
      log.debug({ market: marketId, agent, reply }, 'a request wants its answer outside its inbox')
      tellMisdirected(marketId, agent, reply)
    },
    failed: (operation, { marketId, agent }, error) =>
      log.error({ market: marketId, agent, operation, err: error }, 'an operation failed'),
    nowMs: () => performance.now(),
  })
  const endReceiving = receiveRequests(bus, RPC_SUBJECTS, QUEUE, ({ header, ...request }) => {
    const traceparent = header('traceparent')
    gateway.receive({ ...request, traceparent: readTraceparent(traceparent) === null ? null : traceparent })
  })
  await bus.connection.flush()
  const announcing = announceMarkets({
    db,
    source,
    publish: (subject, text) => publishText(bus, subject, text),
    flush: () => bus.connection.flush(),
    holder: `gateway/${randomUUID()}`,
    log,
    signal,
  })
  log.info('gateway is ready')
  onReady()

  if (!signal.aborted) await once(signal, 'abort')
  await endReceiving()
  const isDrained = await Promise.race([
    gateway.drained().then(() => true),
    delay(DRAIN_WAIT_MS, false, { ref: false }),
  ])
  if (!isDrained) log.warn('some requests were not answered before the end')
  await announcing
  await bus.connection.flush().catch(() => {})
  await bus.close()
  await source.close()
  await client.connection.close()
  await admissionDb.end()
  await db.end()
  await metricsServer.close()
  await telemetry.close()
}
