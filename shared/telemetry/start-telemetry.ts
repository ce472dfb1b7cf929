import { Registry } from 'prom-client'
import type { LogLevel, TelemetryEnvironment } from '../config/environment.ts'
import { createLog, type Logger } from './log.ts'
import type { TemporalInterceptors } from './temporal-interceptors.ts'
import type { Tracing } from './tracing.ts'

const NO_TEMPORAL_INTERCEPTORS: TemporalInterceptors = { client: { workflow: [] }, activity: [] }

/** What a process tells about itself. */
export interface Telemetry {
  log: Logger
  /** Where the process's metrics are registered; `serveMetrics` shows them. */
  metrics: Registry
  /** Null: tracing is off, and spans that are made cost nothing. */
  tracing: Tracing | null
  /** For Temporal's clients and workers; none when tracing is off. */
  temporal: TemporalInterceptors
  close(): Promise<void>
}

/** Starts a process's log, metrics and traces: one call at its composition root, before anything else is made. */
export async function startTelemetry(
  processName: string,
  { logLevel, telemetry }: { logLevel: LogLevel; telemetry: TelemetryEnvironment },
): Promise<Telemetry> {
  const log = createLog(processName, { level: logLevel, format: telemetry.logFormat })
  const metrics = new Registry()
  if (telemetry.tracing === null) {
    return { log, metrics, tracing: null, temporal: NO_TEMPORAL_INTERCEPTORS, close: async () => {} }
  }
  // Loaded only when it is wanted: it takes a tenth of a second.
  const { startTracing } = await import('./tracing.ts')
  const { createTemporalInterceptors } = await import('./temporal-interceptors.ts')
  const tracing = startTracing(processName, telemetry.tracing, log)
  return { log, metrics, tracing, temporal: createTemporalInterceptors(), close: tracing.close }
}
