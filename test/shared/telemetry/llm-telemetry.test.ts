import { Writable } from 'node:stream'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Registry } from 'prom-client'
import { beforeEach, expect, test } from 'vitest'
import type { CallRecord } from '../../../shared/llm/complete-chat.ts'
import { refuseCall } from '../../../shared/llm/llm-refusal.ts'
import { createLlmTelemetry } from '../../../shared/telemetry/llm-telemetry.ts'
import { createLog } from '../../../shared/telemetry/log.ts'
import { setupOf } from '../llm/llm-under-test.ts'

/** Milliseconds since 1970. */
const START = 1_700_000_000_000
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const BID = `00-${TRACE}-b7ad6b7169203331-01`
const exporter = new InMemorySpanExporter()
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
)
beforeEach(() => exporter.reset())

const failed = { reason: 'server_error' as const, message: 'it answered with status 500', status: 500 }
const record = (more: Partial<CallRecord> = {}): CallRecord => ({
  call: { callId: 'call-1', leaseId: 'lease-1', traceparent: null },
  model: 'small',
  stream: true,
  startedMs: START,
  endedMs: START + 500,
  firstTokenMs: 200,
  reserved: {
    outputTokens: 10,
    tokens: 50,
    costMicro: 70n,
    marketId: 'first',
    agent: 'ann',
    owner: null,
    bidTraceparent: BID,
  },
  attempts: [
    {
      upstream: 'first',
      model: 'small',
      startedMs: START,
      endedMs: START + 100,
      outcome: 'failed',
      failure: failed,
      isProbe: false,
    },
    {
      upstream: 'second',
      model: 'tiny',
      startedMs: START + 100,
      endedMs: START + 500,
      outcome: 'streamed',
      failure: null,
      isProbe: true,
    },
  ],
  settlement: {
    outcome: 'completed',
    charge: 'used',
    usage: { promptTokens: 12, completionTokens: 8, cachedTokens: 0, source: 'reported' },
    costMicro: 28n,
    upstream: 'second',
    attempts: 2,
    latencyMs: 500,
    firstTokenMs: 200,
  },
  chargedTokens: 20,
  refusal: null,
  ...more,
})

function telemetryUnderTest() {
  const lines: Record<string, unknown>[] = []
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const registry = new Registry()
  const log = createLog('test', { level: 'info', format: 'json', destination })
  const telemetry = createLlmTelemetry(setupOf(['http://127.0.0.1:1/v1']).config, registry, log, () => 3)
  return { telemetry, registry, lines }
}

test("a call is a span in its bid's trace, and each attempt one below it", () => {
  const { telemetry } = telemetryUnderTest()
  telemetry.callEnded(record())
  const [first, second, call] = exporter.getFinishedSpans()
  expect(call).toMatchObject({ name: 'chat small', parentSpanContext: { spanId: 'b7ad6b7169203331' } })
  expect(call!.spanContext().traceId).toBe(TRACE)
  expect(call!.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'small',
    'gen_ai.response.model': 'tiny',
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 8,
    'openinference.span.kind': 'LLM',
    'llm.token_count.total': 20,
    'bourse.agent': 'ann',
    'bourse.charged_tokens': 20,
  })
  for (const attempt of [first, second])
    expect(attempt!.parentSpanContext?.spanId).toBe(call!.spanContext().spanId)
  expect(first).toMatchObject({
    name: 'POST first',
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': 'server_error', 'http.response.status_code': 500 },
  })
  expect(second).toMatchObject({
    name: 'POST second',
    startTime: [START / 1_000, 100_000_000],
    endTime: [START / 1_000, 500_000_000],
  })
})

test("a caller's span is the parent in the bid's trace, and linked from another", () => {
  const { telemetry } = telemetryUnderTest()
  const call = { callId: 'c', leaseId: 'l' }
  telemetry.callEnded(
    record({ attempts: [], call: { ...call, traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } }),
  )
  const other = '11111111111111111111111111111111'
  telemetry.callEnded(
    record({ attempts: [], call: { ...call, traceparent: `00-${other}-00f067aa0ba902b7-01` } }),
  )
  const [inside, linked] = exporter.getFinishedSpans()
  expect(inside!.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
  expect(linked!.spanContext().traceId).toBe(TRACE)
  expect(linked!.links[0]!.context.traceId).toBe(other)
})

test('a call that failed says so, in its span, a line and figures', async () => {
  const { telemetry, registry, lines } = telemetryUnderTest()
  const refusal = refuseCall('upstream_failed', 'no upstream answered')
  telemetry.callEnded(
    record({ refusal, settlement: { ...record().settlement!, outcome: 'unavailable', upstream: null } }),
  )
  telemetry.refused(refusal)
  telemetry.circuitChanged('first', { status: 'open', failures: 4 })
  const call = exporter.getFinishedSpans().at(-1)!
  expect(call).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'no upstream answered' } })
  expect(call.attributes['error.type']).toBe('upstream_failed')
  expect(lines.map(({ msg }) => msg)).toEqual(['an upstream failed', 'a call ended', 'a circuit changed'])
  expect(lines[1]).toMatchObject({
    market: 'first',
    agent: 'ann',
    outcome: 'unavailable',
    code: 'upstream_failed',
  })
  const text = await registry.metrics()
  for (const figure of [
    'bourse_llm_calls_total{model="small",upstream="none",outcome="unavailable"} 1',
    'bourse_llm_refusals_total{code="upstream_failed"} 1',
    'bourse_llm_tokens_total{kind="charged",model="small"} 20',
    'bourse_llm_attempts_total{upstream="first",result="server_error"} 1',
    'bourse_llm_circuit_state{upstream="first"} 2',
    'bourse_llm_circuit_changes_total{upstream="first",status="open"} 1',
    'bourse_llm_open_calls 3',
  ]) {
    expect(text).toContain(figure)
  }
})
