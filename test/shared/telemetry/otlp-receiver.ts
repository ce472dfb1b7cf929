import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A span as it arrived. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId: string | null
  name: string
  startMs: number
  endMs: number
  attributes: Record<string, unknown>
  links: { traceId: string; spanId: string; attributes: Record<string, unknown> }[]
  droppedLinks: number
  problem: string | null
  service: string
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string
  /** Everything received, each span once however often it came. */
  spans(): ReceivedSpan[]
  /** How many spans came, the same one twice counted twice. */
  received(): number
  /** From now on what comes is refused with this status; 200: it is taken. */
  answer(status: number): void
  close(): Promise<void>
}

/** A collector of its own: takes traces as OTLP over HTTP in JSON, as OpenTelemetry's collector does. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans = new Map<string, ReceivedSpan>()
  let received = 0
  let status = 200
  const server = createServer(async (request, response) => {
    const isExport = request.method === 'POST' && request.url === '/v1/traces'
    const body = await bodyOf(request)
    if (!isExport || status !== 200) return void response.writeHead(isExport ? status : 404).end()
    for (const span of readSpans(JSON.parse(body))) {
      received += 1
      spans.set(`${span.traceId}/${span.spanId}`, span)
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => [...spans.values()],
    received: () => received,
    answer: next => {
      status = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

/** A trace as names within names, children in the order of their start and then of their names. */
export type Tree = { [name: string]: Tree }

/** The tree of the spans of one trace; a span whose parent did not arrive stands at the top. */
export function treeOf(spans: readonly ReceivedSpan[], traceId: string): Tree {
  const ofTrace = spans
    .filter(span => span.traceId === traceId)
    .toSorted((a, b) => a.startMs - b.startMs || (a.name < b.name ? -1 : 1))
  const ids = new Set(ofTrace.map(span => span.spanId))
  const under = (parentSpanId: string | null): Tree =>
    Object.fromEntries(
      ofTrace
        .filter(span => (ids.has(span.parentSpanId ?? '') ? span.parentSpanId : null) === parentSpanId)
        .map(span => [span.name, under(span.spanId)]),
    )
  return under(null)
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP as it comes
function readSpans(body: any): ReceivedSpan[] {
  // biome-ignore lint/suspicious/noExplicitAny: OTLP as it comes
  return body.resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    // biome-ignore lint/suspicious/noExplicitAny: OTLP as it comes
    scopeSpans.flatMap(({ spans }: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: OTLP as it comes
      spans.map((span: any) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || null,
        name: span.name,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
        attributes: attributesOf(span.attributes),
        // biome-ignore lint/suspicious/noExplicitAny: OTLP as it comes
        links: (span.links ?? []).map((link: any) => ({
          traceId: link.traceId,
          spanId: link.spanId,
          attributes: attributesOf(link.attributes),
        })),
        droppedLinks: span.droppedLinksCount ?? 0,
        problem: span.status?.code === 2 ? (span.status.message ?? '') : null,
        service: attributesOf(resource.attributes)['service.name'],
      })),
    ),
  )
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP as it comes
function attributesOf(attributes: any[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      'intValue' in value ? Number(value.intValue) : Object.values(value)[0],
    ]),
  )
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
}
