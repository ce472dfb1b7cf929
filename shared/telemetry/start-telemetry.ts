import { Registry } from 'prom-client'
import type { LogLevel, TelemetryEnvironment } from '../config/environment.ts'
import { createLog, type Logger } from './log.ts'
import type { Tracing } from './tracing.ts'

/** What a process tells about itself. */
export interface Telemetry {
  log: Logger
  /** Where the process's metrics are registered; `serveMetrics` shows them. */
  metrics: Registry
  /** Null: tracing is off, and spans that are made cost nothing. */
  tracing: Tracing | null
  close(): Promise<void>
}

/** Starts a process's log, metrics and traces: one call at its composition root, before anything else is made. */
export async function startTelemetry(
  processName: string,
  { logLevel, telemetry }: { logLevel: LogLevel; telemetry: TelemetryEnvironment },
): Promise<Telemetry> {
  const log = createLog(processName, { level: logLevel, format: telemetry.logFormat })
  const tracing = telemetry.tracing === null ? null : await start(telemetry.tracing)
  return { log, metrics: new Registry(), tracing, close: async () => await tracing?.close() }

  // Loaded only when it is wanted: it takes a tenth of a second.
  async function start(environment: NonNullable<TelemetryEnvironment['tracing']>): Promise<Tracing> {
    const { startTracing } = await import('./tracing.ts')
    return startTracing(processName, environment, log)
  }
}
