import { AsyncLocalStorage } from 'node:async_hooks'
import { trace } from '@opentelemetry/api'

/** What lines of a log belong to. */
export interface LogFields {
  market?: string
  cycle?: number
  agent?: string
}

const fields = new AsyncLocalStorage<LogFields>()

/** Runs `act`; every line logged meanwhile carries these fields beside those around it. */
export function withLogFields<T>(more: LogFields, act: () => T): T {
  return fields.run({ ...fields.getStore(), ...more }, act)
}

/** What the line logged now belongs to, its trace included. */
export function activeLogFields(): Record<string, unknown> {
  const span = trace.getActiveSpan()?.spanContext()
  const inTrace =
    span !== undefined && trace.isSpanContextValid(span)
      ? { trace_id: span.traceId, span_id: span.spanId }
      : {}
  return { ...fields.getStore(), ...inTrace }
}
