import { context, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
} from '@opentelemetry/semantic-conventions'
import { v4 as uuidV4 } from 'uuid'
import type { TracingEnvironment } from '../config/telemetry-environment.ts'
import type { Logger } from './log.ts'

/** A process that sends its spans somewhere. */
export interface Tracing {
  resource: Resource
  /** Sends spans at once and tells whether they arrived. */
  exporter: SpanExporter
  /** Sends what is gathered, waiting for it no longer than `FLUSH_WAIT_MS`, and ends. */
  close(): Promise<void>
}

/** What a span may hold: enough to understand it, whatever somebody wrote into a name or a message. */
const SPAN_LIMITS = {
  attributeValueLengthLimit: 1_000,
  attributeCountLimit: 64,
  linkCountLimit: 128,
  eventCountLimit: 16,
}
const EXPORT_TIMEOUT_MS = 5_000
const FLUSH_WAIT_MS = 3_000

/**
 * Makes this process send spans as OTLP over HTTP. How many traces are kept is read by OpenTelemetry's SDK from
 * OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. To be called once, before the first span.
 */
export function startTracing(processName: string, { tracesUrl }: TracingEnvironment, log: Logger): Tracing {
  tellTroubleTo(log)
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: `bourse-${processName}`,
    [ATTR_SERVICE_NAMESPACE]: 'bourse',
    [ATTR_SERVICE_INSTANCE_ID]: uuidV4(),
  }).merge(detectResources({ detectors: [envDetector] }))
  const exporter = new OTLPTraceExporter({ url: tracesUrl, timeoutMillis: EXPORT_TIMEOUT_MS })
  const spanProcessor = new BatchSpanProcessor(exporter)
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [spanProcessor],
    spanLimits: SPAN_LIMITS,
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return { resource, exporter, close: () => within(FLUSH_WAIT_MS, provider.shutdown()) }
}

/** OpenTelemetry's own complaints (a collector out of reach, spans dropped), as lines of the log. */
function tellTroubleTo(log: Logger): void {
  const tell = (message: string) => log.warn({ problem: message }, 'traces cannot be sent as they should')
  const hush = () => {}
  diag.setLogger(
    { error: tell, warn: tell, info: hush, debug: hush, verbose: hush },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}

/** A collector that is away keeps no process from ending. */
async function within(waitMs: number, act: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, waitMs)
  await Promise.race([act.catch(() => {}), promise])
  clearTimeout(timer)
}
