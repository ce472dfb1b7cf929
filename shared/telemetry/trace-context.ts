import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { formatTraceparent } from '../trace/traceparent.ts'

/** Headers of a NATS message, or of anything else with `get` and `set`. */
export interface ReadableHeaders {
  get(name: string): string | null | undefined
}
export interface WritableHeaders {
  set(name: string, value: string): void
}

const TRACEPARENT = 'traceparent'
const TRACESTATE = 'tracestate'
const w3c = new W3CTraceContextPropagator()

/** The context that a stored or received W3C `traceparent` tells; the root context for anything else. */
export function contextOf(traceparent: string | null | undefined): Context {
  return contextIn({ get: name => (name === TRACEPARENT ? traceparent : undefined) })
}

/** The trace context in a message's headers; the root context when there is none. Works with tracing off. */
export function contextIn(headers: ReadableHeaders | undefined): Context {
  if (headers === undefined) return ROOT_CONTEXT
  return w3c.extract(ROOT_CONTEXT, headers, {
    get: (carrier, name) => carrier.get(name) || undefined,
    keys: () => [TRACEPARENT, TRACESTATE],
  })
}

/** Puts the active trace context (or `from`'s) into a message's headers; nothing when there is none. */
export function putContextInto(headers: WritableHeaders, from: Context = context.active()): void {
  propagation.inject(from, headers, { set: (carrier, name, value) => carrier.set(name, value) })
}

/** The traceparent of the active span (or of the one in `from`); null when there is none. */
export function traceparentOf(from: Context = context.active()): string | null {
  const span = trace.getSpanContext(from)
  if (span === undefined || !trace.isSpanContextValid(span)) return null
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
 * Runs `act` inside a span, which ends with it; what it throws is recorded on the span and thrown on. With tracing
 * off it only runs `act`.
 */
export async function traced<T>(
  name: string,
  { parent = context.active(), ...options }: SpanOptions,
  act: (span: Span) => Promise<T>,
): Promise<T> {
  return await tracer.startActiveSpan(name, options, parent, async span => {
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
  })
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
