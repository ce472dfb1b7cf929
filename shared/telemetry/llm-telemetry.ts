import { type Attributes, type context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { CircuitChange, CircuitStatus } from '../llm/circuit.ts'
import type { CallRecord } from '../llm/complete-chat.ts'
import type { LlmConfig } from '../llm/llm-config.ts'
import type { LlmRefusal } from '../llm/llm-refusal.ts'
import type { AttemptRecord } from '../llm/try-upstreams.ts'
import { readTraceparent } from '../trace/traceparent.ts'
import type { Logger } from './log.ts'
import { contextOf } from './trace-context.ts'

/** What is told of calls to models: lines of the log, metrics, spans. No prompt, no answer, no key. */
export interface LlmTelemetry {
  callEnded(record: CallRecord): void
  refused(refusal: LlmRefusal): void
  circuitChanged(upstream: string, change: CircuitChange): void
  unsettled(callId: string, error: unknown): void
}

const STATUS_FIGURES: Record<CircuitStatus, number> = { closed: 0, half_open: 1, open: 2 }
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const MILLION = 1_000_000
const tracer = trace.getTracer('bourse')

/** `openCalls` tells how many calls are under way at the upstreams of this process. */
export function createLlmTelemetry(
  { upstreams, currency }: LlmConfig,
  registry: Registry,
  log: Logger,
  openCalls: () => number,
): LlmTelemetry {
  const registers = [registry]
  const labelled = <Name extends string>(name: string, help: string, labelNames: Name[]) =>
    new Counter({ name, help, labelNames, registers })
  const calls = labelled('bourse_llm_calls_total', 'Calls that had tokens set aside, by how they ended', [
    'outcome',
    'model',
    'upstream',
  ])
  const refusals = labelled('bourse_llm_refusals_total', 'Calls that were answered with an error', ['code'])
  const tokens = labelled(
    'bourse_llm_tokens_total',
    'Tokens of calls: prompt, completion, charged to leases',
    ['kind', 'model'],
  )
  const cost = labelled('bourse_llm_cost_total', `What calls cost, in ${currency}`, ['model', 'upstream'])
  const attempts = labelled('bourse_llm_attempts_total', 'Requests to upstreams, by what came of them', [
    'upstream',
    'result',
  ])
  const changes = labelled('bourse_llm_circuit_changes_total', 'Changes of circuits, by what they became', [
    'upstream',
    'status',
  ])
  const circuit = new Gauge({
    name: 'bourse_llm_circuit_state',
    help: 'Circuit of an upstream: 0 closed, 1 half open, 2 open',
    labelNames: ['upstream'],
    registers,
  })
  const seconds = new Histogram({
    name: 'bourse_llm_call_seconds',
    help: 'How long calls took, by how they ended',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  })
  const firstToken = new Histogram({
    name: 'bourse_llm_first_token_seconds',
    help: 'How long streams took until their first token',
    buckets: SECONDS,
    registers,
  })
  new Gauge({
    name: 'bourse_llm_open_calls',
    help: 'Calls under way at upstreams, each with a reservation',
    registers,
    collect() {
      this.set(openCalls())
    },
  })
  const unsettled = labelled('bourse_llm_unsettled_total', 'Reservations this process could not resolve', [])
  for (const { name } of upstreams) circuit.set({ upstream: name }, STATUS_FIGURES.closed)

  return {
    callEnded(record) {
      count(record)
      tell(record)
      traceCall(record)
    },
    refused: ({ code }) => refusals.inc({ code }),
    circuitChanged(upstream, { status, failures }) {
      circuit.set({ upstream }, STATUS_FIGURES[status])
      changes.inc({ upstream, status })
      log[status === 'open' ? 'warn' : 'info']({ upstream, status, failures }, 'a circuit changed')
    },
    unsettled(callId, error) {
      unsettled.inc()
      log.error(
        { call: callId, err: error },
        'a call could not be written down; its deadline will resolve it',
      )
    },
  }

  function count({
    settlement,
    model,
    startedMs,
    endedMs,
    firstTokenMs,
    attempts: made,
    chargedTokens,
  }: CallRecord) {
    for (const { upstream, outcome, failure } of made)
      attempts.inc({ upstream, result: failure?.reason ?? outcome })
    if (settlement === null) return
    const { outcome, usage, costMicro, upstream } = settlement
    const at = { model, upstream: upstream ?? 'none' }
    calls.inc({ ...at, outcome })
    tokens.inc({ kind: 'prompt', model }, usage.promptTokens)
    tokens.inc({ kind: 'completion', model }, usage.completionTokens)
    tokens.inc({ kind: 'charged', model }, chargedTokens)
    cost.inc(at, Number(costMicro) / MILLION)
    seconds.observe({ outcome }, (endedMs - startedMs) / 1_000)
    if (firstTokenMs !== null) firstToken.observe(firstTokenMs / 1_000)
  }

  function tell({
    call,
    reserved,
    settlement,
    refusal,
    attempts: made,
    model,
    startedMs,
    endedMs,
    chargedTokens,
  }: CallRecord) {
    if (reserved === null || settlement === null) return
    for (const { upstream, failure } of made) {
      if (failure === null) continue
      const { reason, message, status } = failure
      log.warn(
        {
          market: reserved.marketId,
          agent: reserved.agent,
          call: call.callId,
          upstream,
          reason,
          status,
          problem: message,
        },
        'an upstream failed',
      )
    }
    log.info(
      {
        market: reserved.marketId,
        agent: reserved.agent,
        lease: call.leaseId,
        call: call.callId,
        model,
        upstream: settlement.upstream,
        outcome: settlement.outcome,
        code: refusal?.code,
        attempts: made.length,
        promptTokens: settlement.usage.promptTokens,
        completionTokens: settlement.usage.completionTokens,
        chargedTokens,
        milliseconds: Math.round(endedMs - startedMs),
      },
      'a call ended',
    )
  }
}

/**
 * A call as a span in its bid's trace, and each attempt as a child of it, by OpenTelemetry's conventions for
 * generative AI and OpenInference's. A caller's own span is the parent when it is in that trace, else it is linked.
 */
function traceCall(record: CallRecord): void {
  const { call, reserved, settlement, refusal, model } = record
  if (reserved === null || settlement === null) return
  const bid = readTraceparent(reserved.bidTraceparent)
  const caller = readTraceparent(call.traceparent)
  const isInside = caller !== null && (bid === null || caller.traceId === bid.traceId)
  const parent = contextOf(isInside ? call.traceparent : reserved.bidTraceparent)
  const linked = !isInside && caller !== null ? trace.getSpanContext(contextOf(call.traceparent)) : undefined
  const span = tracer.startSpan(
    `chat ${model}`,
    {
      kind: SpanKind.CLIENT,
      startTime: record.startedMs,
      attributes: callAttributes(record),
      ...(linked === undefined ? {} : { links: [{ context: linked }] }),
    },
    parent,
  )
  const inside = trace.setSpan(parent, span)
  for (const attempt of record.attempts) traceAttempt(attempt, inside)
  if (refusal !== null || settlement.outcome !== 'completed') {
    span.setAttribute('error.type', refusal?.code ?? settlement.outcome)
    span.setStatus({ code: SpanStatusCode.ERROR, message: refusal?.message ?? settlement.outcome })
  }
  span.end(record.endedMs)
}

function callAttributes({
  call,
  reserved,
  settlement,
  model,
  stream,
  chargedTokens,
  attempts,
}: CallRecord): Attributes {
  const { usage, upstream, outcome } = settlement!
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': upstream ?? 'none',
    'gen_ai.request.model': model,
    'gen_ai.response.model': attempts.at(-1)?.model ?? model,
    'gen_ai.usage.input_tokens': usage.promptTokens,
    'gen_ai.usage.output_tokens': usage.completionTokens,
    'gen_ai.request.stream': stream,
    'openinference.span.kind': 'LLM',
    'llm.model_name': model,
    'llm.token_count.prompt': usage.promptTokens,
    'llm.token_count.completion': usage.completionTokens,
    'llm.token_count.total': usage.promptTokens + usage.completionTokens,
    'bourse.market': reserved!.marketId,
    'bourse.agent': reserved!.agent,
    'bourse.lease': call.leaseId,
    'bourse.call': call.callId,
    'bourse.outcome': outcome,
    'bourse.attempts': attempts.length,
    'bourse.reserved_tokens': reserved!.tokens,
    'bourse.charged_tokens': chargedTokens,
  }
}

function traceAttempt(attempt: AttemptRecord, parent: ReturnType<typeof context.active>): void {
  const { upstream, model, startedMs, endedMs, failure, isProbe, outcome } = attempt
  const span = tracer.startSpan(
    `POST ${upstream}`,
    {
      kind: SpanKind.CLIENT,
      startTime: startedMs,
      attributes: {
        'http.request.method': 'POST',
        'url.path': '/chat/completions',
        'bourse.upstream': upstream,
        'gen_ai.request.model': model,
        'bourse.outcome': outcome,
        'bourse.probe': isProbe,
        ...(failure?.status === undefined ? {} : { 'http.response.status_code': failure.status }),
        ...(failure === null ? {} : { 'error.type': failure.reason }),
      },
    },
    parent,
  )
  if (failure !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
  span.end(endedMs)
}
