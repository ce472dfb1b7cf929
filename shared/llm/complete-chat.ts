import type { ChatRequest } from './chat-request.ts'
import type { ChatSink } from './chat-sink.ts'
import { chooseUpstream } from './choose-upstream.ts'
import { sleep } from './llm-clock.ts'
import { longestCallMs, routesTo } from './llm-config.ts'
import { errorBody, type LlmRefusal, refuseCall } from './llm-refusal.ts'
import type { CallOutcome, LlmStore, Reserved, Settlement } from './llm-store.ts'
import { promptTokensCounted } from './read-answer.ts'
import { STREAM_END } from './relay-stream.ts'
import {
  type AttemptRecord,
  type CallEnd,
  tryUpstreams,
  type UpstreamDependencies,
  untriedCandidates,
} from './try-upstreams.ts'
import type { UpstreamFailure } from './upstream-failure.ts'
import { costMicro, NO_USAGE, type Usage } from './usage.ts'
import { type WorstCase, worstCaseOf } from './worst-case.ts'

/** One chat completion asked for on a lease. */
export interface ChatCall {
  callId: string
  leaseId: string
  /** The hash of the lease token that was shown; absent: the caller speaks for the lease by other right. */
  tokenHash?: Buffer
  request: ChatRequest
  /** Headers of the caller that may pass to upstreams. */
  headers: Record<string, string>
  /** Aborts when the caller does not wait any more. */
  signal: AbortSignal
  sink: ChatSink
  /** The caller's own W3C trace context. */
  traceparent: string | null
}

export type ChatAnswer =
  | { ok: true; kind: 'answered'; body: Buffer; upstream: string; attempts: number; chargedTokens: number }
  /** Everything was told to the sink, an error in mid-stream too. */
  | { ok: true; kind: 'streamed' }
  /** An upstream's own words about a request it found wrong. */
  | { ok: true; kind: 'refused_by_upstream'; status: number; body: unknown }
  | LlmRefusal

/** A call as it is told in logs, metrics and spans when it is over. Nothing of what was said, and no key. */
export interface CallRecord {
  call: Pick<ChatCall, 'callId' | 'leaseId' | 'traceparent'>
  model: string
  stream: boolean
  startedMs: number
  endedMs: number
  firstTokenMs: number | null
  /** Null: refused before anything was set aside. */
  reserved: Reserved | null
  attempts: readonly AttemptRecord[]
  settlement: Settlement | null
  chargedTokens: number
  refusal: LlmRefusal | null
}

export interface LlmDependencies extends UpstreamDependencies {
  store: LlmStore
  onCallEnded: (record: CallRecord) => void
  /** A reservation that could not be resolved; the sweep will. */
  onUnsettled: (callId: string, error: unknown) => void
}

/** Beyond the longest call, for the settlement itself. */
const SETTLE_SECONDS = 15
const SETTLE_ATTEMPTS = 3
const SETTLE_DELAY_MS = 200
const NEVER = new AbortController().signal

/**
 * Completes a chat on a lease: sets the worst case aside, has an upstream answer, charges what was used and gives the
 * rest back, whatever happens in between. Never throws for what a caller, an upstream or the database does.
 */
export async function completeChat(deps: LlmDependencies, call: ChatCall): Promise<ChatAnswer> {
  const { clock } = deps
  const startedAtMs = clock.monotonicMs()
  const record: CallRecord = {
    call,
    model: call.request.model,
    stream: call.request.stream,
    startedMs: clock.wallMs(),
    endedMs: 0,
    firstTokenMs: null,
    reserved: null,
    attempts: [],
    settlement: null,
    chargedTokens: 0,
    refusal: null,
  }
  let answer: ChatAnswer
  try {
    answer = await complete(deps, call, record, startedAtMs)
  } finally {
    record.endedMs = clock.wallMs()
  }
  record.refusal = answer.ok ? null : answer
  deps.onCallEnded(record)
  return answer
}

async function complete(
  deps: LlmDependencies,
  call: ChatCall,
  record: CallRecord,
  startedAtMs: number,
): Promise<ChatAnswer> {
  const { clock, setup } = deps
  const routes = routesTo(setup.config, call.request.model)
  if (routes.length === 0) {
    return refuseCall(
      'model_not_found',
      'no upstream serves this model; GET /v1/models lists those that are served',
      {
        param: 'model',
      },
    )
  }
  // Before the database is asked: a caller learns within milliseconds that nobody would answer.
  const choice = chooseUpstream(untriedCandidates(deps, routes), setup.config.retry.totalMs)
  if (choice.kind === 'none') return refuseUnavailable(choice.retryAfterMs, null)
  const bounded = worstCaseOf(call.request, routes)
  if (!bounded.ok) return bounded

  const reserved = await reserve(deps, call, bounded.worst)
  if (!reserved.ok) return reserved
  record.reserved = reserved

  const { end, attempts } = await tryUpstreams(deps, {
    ...call,
    routes,
    outputTokens: reserved.outputTokens,
    who: accountableOf(reserved),
    onBegun: () => {
      record.firstTokenMs = clock.monotonicMs() - startedAtMs
    },
  })
  record.attempts = attempts
  record.settlement = settlementOf(end, call, reserved, {
    attempts: attempts.length,
    latencyMs: clock.monotonicMs() - startedAtMs,
    firstTokenMs: record.firstTokenMs,
  })
  record.chargedTokens = await settle(deps, call.callId, record.settlement)
  return await answerOf(end, call, record)
}

async function reserve(
  { store, setup, onUnsettled }: LlmDependencies,
  { callId, leaseId, tokenHash, request, traceparent }: ChatCall,
  worst: WorstCase,
): ReturnType<LlmStore['reserve']> {
  try {
    return await store.reserve({
      callId,
      leaseId,
      ...(tokenHash === undefined ? {} : { tokenHash }),
      model: request.model,
      stream: request.stream,
      worst,
      deadlineSeconds: Math.ceil(longestCallMs(setup.config) / 1_000) + SETTLE_SECONDS,
      traceparent,
    })
  } catch (error) {
    onUnsettled(callId, error)
    return refuseCall('store_unavailable', 'the market cannot be asked at the moment', {
      retryAfterSeconds: 1,
    })
  }
}

/** Under whose name a call counts in circuits: its owner's, which all of that owner's agents share, or its agent's. */
function accountableOf({ marketId, agent, owner }: Reserved): string {
  return owner === null ? `${marketId}/${agent}` : `${marketId}//${owner}`
}

/** What the lease is charged for. */
function settlementOf(
  end: CallEnd,
  { request }: ChatCall,
  reserved: Reserved,
  times: Pick<Settlement, 'attempts' | 'latencyMs' | 'firstTokenMs'>,
): Settlement {
  const upstream = 'route' in end ? end.route.upstream.name : null
  const charged = (outcome: CallOutcome, usage: Usage): Settlement => ({
    outcome,
    charge: 'used',
    usage,
    costMicro: 'route' in end ? costMicro(usage, end.route.model.price) : 0n,
    upstream,
    ...times,
  })
  switch (end.kind) {
    case 'unavailable':
      return charged('unavailable', NO_USAGE)
    case 'refused':
      return charged('upstream_refused', NO_USAGE)
    case 'caller_gone':
      return charged('client_gone', NO_USAGE)
    case 'done': {
      const { outcome } = end
      if (outcome.kind === 'cut') return charged('upstream_cut', outcome.usage)
      if (outcome.kind !== 'caller_gone') return charged('completed', outcome.usage)
      if (outcome.usage !== null) return charged('client_gone', outcome.usage)
      // An answer that nobody waited for may have been made in full: what is not known is charged as the worst case.
      const usage = { ...NO_USAGE, promptTokens: promptTokensCounted(request) }
      return { ...charged('client_gone', usage), charge: 'reserved', costMicro: reserved.costMicro }
    }
  }
}

/** Resolves the reservation; when the database stays away its deadline will. */
async function settle(
  { store, clock, onUnsettled }: LlmDependencies,
  callId: string,
  settlement: Settlement,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await store.settle(callId, settlement)).chargedTokens
    } catch (error) {
      if (attempt >= SETTLE_ATTEMPTS) {
        onUnsettled(callId, error)
        return 0
      }
      await sleep(clock, SETTLE_DELAY_MS * attempt, NEVER)
    }
  }
}

async function answerOf(
  end: CallEnd,
  { sink }: ChatCall,
  { attempts, chargedTokens }: CallRecord,
): Promise<ChatAnswer> {
  switch (end.kind) {
    case 'caller_gone':
      return refuseCall('client_gone', 'the caller did not wait for the answer')
    case 'unavailable':
      return refuseUnavailable(end.retryAfterMs, end.lastFailure)
    case 'refused': {
      const { failure } = end
      const ours = errorBody(
        refuseCall('upstream_failed', `the upstream refused the request: ${failure.message}`),
      )
      return {
        ok: true,
        kind: 'refused_by_upstream',
        status: failure.status ?? 400,
        body: failure.body ?? ours,
      }
    }
    case 'done': {
      const { outcome, route } = end
      if (outcome.kind === 'caller_gone')
        return refuseCall('client_gone', 'the caller did not wait for the answer')
      if (outcome.kind === 'answered') {
        const { body } = outcome
        return {
          ok: true,
          kind: 'answered',
          body,
          upstream: route.upstream.name,
          attempts: attempts.length,
          chargedTokens,
        }
      }
      const last = outcome.kind === 'streamed' ? STREAM_END : midStreamError(outcome.failure)
      await sink.write(last).catch(() => {})
      return { ok: true, kind: 'streamed' }
    }
  }
}

/** As OpenAI's clients expect an error after the first byte. */
function midStreamError({ message }: UpstreamFailure): Buffer {
  const error = refuseCall('upstream_failed', `the answer was cut: ${message}`)
  return Buffer.from(`data: ${JSON.stringify(errorBody(error))}\n\n`)
}

/** The proxy has tried what there was to try; official clients are told not to begin anew by themselves. */
function refuseUnavailable(retryAfterMs: number, lastFailure: UpstreamFailure | null): LlmRefusal {
  const extra = { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)), clientsRetry: false }
  if (lastFailure === null) {
    return refuseCall(
      'upstreams_unavailable',
      'every upstream of this model is out of order at the moment',
      extra,
    )
  }
  const said = `no upstream answered; the last one: ${lastFailure.message}`
  if (lastFailure.reason === 'rate_limited') return refuseCall('upstream_rate_limited', said, extra)
  return refuseCall(
    lastFailure.reason.endsWith('_timeout') ? 'upstream_timeout' : 'upstream_failed',
    said,
    extra,
  )
}
