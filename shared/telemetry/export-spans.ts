import { type HrTime, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { SpanRecord } from '../trace/span-record.ts'
import type { Tracing } from './tracing.ts'

/** Sent in one request: about 500 kB. */
const SPANS_PER_REQUEST = 512
const SCOPE = { name: 'bourse' }

/** Sends spans to whoever collects traces and waits until they are taken. Throws when they are not. */
export async function exportSpans(
  { exporter, resource }: Pick<Tracing, 'exporter' | 'resource'>,
  records: readonly SpanRecord[],
): Promise<void> {
  for (let from = 0; from < records.length; from += SPANS_PER_REQUEST) {
    const spans = records.slice(from, from + SPANS_PER_REQUEST).map(record => spanOf(record, resource))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    exporter.export(spans, ({ code, error }) =>
      code === ExportResultCode.SUCCESS ? resolve() : reject(error ?? new Error('spans were not taken')),
    )
    await promise
  }
}

function spanOf(record: SpanRecord, resource: ReadableSpan['resource']): ReadableSpan {
  const { traceId, parentSpanId, problem } = record
  return {
    name: record.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => contextOf(traceId, record.spanId),
    ...(parentSpanId === null ? {} : { parentSpanContext: contextOf(traceId, parentSpanId) }),
    startTime: hrTimeOf(record.startMs),
    endTime: hrTimeOf(record.endMs),
    duration: hrTimeOf(record.endMs - record.startMs),
    status:
      problem === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: problem },
    attributes: record.attributes,
    links: record.links.map(link => ({
      context: contextOf(link.traceId, link.spanId),
      attributes: link.attributes,
    })),
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: record.linksLeftOut,
  }
}

function contextOf(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
}

function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
