import type { BourseEnvironment } from '../shared/config/environment.ts'
import { findLeaseOfToken } from '../shared/db/leases/lease-tokens.ts'
import { createDatabase } from '../shared/db/pool.ts'
import type { LlmSetup } from '../shared/llm/llm-config.ts'
import { serveMetrics } from '../shared/telemetry/serve-metrics.ts'
import { startTelemetry } from '../shared/telemetry/start-telemetry.ts'
import { startLlmCore } from './llm-core.ts'
import { startLlmServer } from './llm-proxy/server.ts'

const MAX_DATABASE_CONNECTIONS = 10
/** Calls that are under way when the proxy is told to end have so long. */
const GRACE_MS = 10_000

/** Runs an LLM proxy until `signal` aborts; `onReady` is told the address clients use. */
export async function runLlmProxy(
  environment: Pick<BourseEnvironment, 'postgresUrl' | 'logLevel' | 'telemetry' | 'llm'>,
  setup: LlmSetup,
  { signal, onReady }: { signal: AbortSignal; onReady: (url: string) => void },
): Promise<void> {
  const telemetry = await startTelemetry('llm-proxy', environment)
  const { log } = telemetry
  const db = createDatabase(environment.postgresUrl, 'bourse llm proxy', MAX_DATABASE_CONNECTIONS)
  // A market that is woken by an event learns of it by the workers' sweep: the proxy needs no Temporal.
  const core = startLlmCore(db, setup, telemetry, async () => {})
  const metrics = await serveMetrics({ registry: telemetry.metrics, ...environment.telemetry.metrics, log })
  const server = await startLlmServer({
    ...environment.llm,
    config: setup.config,
    findLease: token => findLeaseOfToken(db, token),
    complete: core.complete,
    onRefused: core.refused,
    log,
  })
  log.info(
    { url: server.url, upstreams: setup.config.upstreams.map(({ name }) => name) },
    'the LLM proxy is ready',
  )
  onReady(server.url)
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  await server.close(GRACE_MS)
  await core.close()
  await metrics.close()
  await db.end()
  await telemetry.close()
}
