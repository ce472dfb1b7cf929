import {
  type Attributes,
  type Context,
  context,
  INVALID_TRACEID,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { formatTraceparent, readTraceparent } from '../trace/traceparent.ts'

/** Headers of a NATS message, or of anything else with `set`. */
export interface WritableHeaders {
  set(name: string, value: string): void
}

/** The context that a stored or received W3C `traceparent` tells; the root context for anything else. */
export function contextOf(traceparent: string | null | undefined): Context {
  const told = readTraceparent(traceparent)
  if (told === null) return ROOT_CONTEXT
  const { traceId, spanId, sampled } = told
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

/** Puts the active trace context (or `from`'s) into a message's headers; nothing when there is none. */
export function putContextInto(headers: WritableHeaders, from: Context = context.active()): void {
  propagation.inject(from, headers, { set: (carrier, name, value) => carrier.set(name, value) })
}

/** The traceparent of the active span (or of the one in `from`); null when there is none. */
export function traceparentOf(from: Context = context.active()): string | null {
  const span = trace.getSpanContext(from)
  if (span === undefined || span.traceId === INVALID_TRACEID) return null
  return formatTraceparent({ ...span, sampled: (span.traceFlags & 1) === 1 })
}

export interface SpanOptions {
  attributes?: Attributes
  kind?: SpanKind
  /** The span's parent; by default the active one. */
  parent?: Context
}

const tracer = trace.getTracer('bourse')

/**
 * Runs `act` inside a span, which ends with it; what it throws is recorded on the span and thrown on. Where nobody
 * records it only runs `act`.
 */
export function traced<T>(
  name: string,
  { parent = context.active(), ...options }: SpanOptions,
  act: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, options, parent, span =>
    span.isRecording() ? recorded(span, act) : act(span),
  )
}

async function recorded<T>(span: Span, act: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await act(span)
  } catch (error) {
    const { message } = error as Error
    span.setStatus({ code: SpanStatusCode.ERROR, message })
    span.recordException(error as Error)
    throw error
  } finally {
    span.end()
  }
}

/**
 * Begins a trace for work that is about to be started, and answers its traceparent; null with tracing off. It is
 * linked to what goes on now instead of being part of it.
 */
export function beginTrace(name: string, attributes: Attributes): string | null {
  const now = trace.getSpanContext(context.active())
  const links = now === undefined || now.traceFlags === 0 ? [] : [{ context: now }]
  const span = tracer.startSpan(name, { root: true, attributes, links })
  span.end()
  return traceparentOf(trace.setSpan(ROOT_CONTEXT, span))
}
