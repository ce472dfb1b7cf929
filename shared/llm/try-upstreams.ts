import { type AttemptOutcome, attemptCall } from './attempt.ts'
import type { ChatRequest } from './chat-request.ts'
import type { ChatSink } from './chat-sink.ts'
import { type Candidate, chooseUpstream } from './choose-upstream.ts'
import type { Permit } from './circuit.ts'
import { type LlmClock, sleep } from './llm-clock.ts'
import type { LlmSetup, Route } from './llm-config.ts'
import { retryDelayMs } from './retry-delay.ts'
import { restMs, type Upstream } from './upstream.ts'
import type { UpstreamClient } from './upstream-client.ts'
import { afterFailure, countOfFailure, type UpstreamFailure } from './upstream-failure.ts'

/** One attempt as it is told in logs and spans. */
export interface AttemptRecord {
  upstream: string
  /** The model as the upstream names it. */
  model: string
  /** Milliseconds since 1970. */
  startedMs: number
  endedMs: number
  outcome: AttemptOutcome['kind']
  failure: UpstreamFailure | null
  isProbe: boolean
}

/** How a call ended at the upstreams. */
export type CallEnd =
  | { kind: 'done'; route: Route; outcome: Exclude<AttemptOutcome, { kind: 'failed' }> }
  /** The upstream found the request wrong. */
  | { kind: 'refused'; route: Route; failure: UpstreamFailure }
  /** No upstream would do; `lastFailure` is null when none was even tried. */
  | { kind: 'unavailable'; retryAfterMs: number; lastFailure: UpstreamFailure | null }
  | { kind: 'caller_gone' }

export interface UpstreamDependencies {
  setup: LlmSetup
  upstreams: ReadonlyMap<string, Upstream>
  client: UpstreamClient
  clock: LlmClock
}

export interface TryInput {
  request: ChatRequest
  routes: readonly Route[]
  headers: Record<string, string>
  outputTokens: number
  /** Who answers for the call. */
  who: string
  signal: AbortSignal
  sink: ChatSink
  onBegun: () => void
}

/** What a call has made of one upstream. */
interface Tried {
  failures: number
  isGivenUp: boolean
  notBeforeMs: number
}

/** How the upstreams stand for a call that has tried none of them. */
export function untriedCandidates(
  { upstreams, clock }: Pick<UpstreamDependencies, 'upstreams' | 'clock'>,
  routes: readonly Route[],
): Candidate[] {
  return routes.map(({ upstream }) => candidateOf(upstreams.get(upstream.name)!, clock, null))
}

/**
 * Tries the upstreams in order, and those that failed again after a while, until one answers, one finds the request
 * wrong, none is left or the time is up. Once the first byte of a stream was passed on nothing is tried again.
 */
export async function tryUpstreams(
  { setup, upstreams, client, clock }: UpstreamDependencies,
  input: TryInput,
): Promise<{ end: CallEnd; attempts: AttemptRecord[] }> {
  const { routes, signal } = input
  const { retry, limits } = setup.config
  const lastStartMs = clock.monotonicMs() + retry.totalMs
  const tried = routes.map((): Tried => ({ failures: 0, isGivenUp: false, notBeforeMs: 0 }))
  const attempts: AttemptRecord[] = []

  for (;;) {
    if (signal.aborted) return { end: { kind: 'caller_gone' }, attempts }
    const candidates = routes.map(({ upstream }, place) =>
      candidateOf(upstreams.get(upstream.name)!, clock, tried[place]!),
    )
    const choice = chooseUpstream(candidates, lastStartMs - clock.monotonicMs())
    if (choice.kind === 'none') {
      const lastFailure = attempts.at(-1)?.failure ?? null
      return { end: { kind: 'unavailable', retryAfterMs: choice.retryAfterMs, lastFailure }, attempts }
    }
    if (choice.kind === 'wait') {
      await sleep(clock, choice.waitMs, signal)
      continue
    }
    const route = routes[choice.place]!
    const upstream = upstreams.get(route.upstream.name)!
    const permit = upstream.circuit.enter(input.who)
    if (permit === null) continue

    const outcome = await attemptAt(route, upstream, permit)
    if (outcome.kind !== 'failed') return { end: { kind: 'done', route, outcome }, attempts }
    const next = afterFailure(outcome.failure)
    if (next === 'tell') return { end: { kind: 'refused', route, failure: outcome.failure }, attempts }
    noteFailure(tried[choice.place]!, upstream, outcome.failure, next)
  }

  async function attemptAt(route: Route, upstream: Upstream, permit: Permit): Promise<AttemptOutcome> {
    upstream.openCalls += 1
    const startedMs = clock.wallMs()
    let outcome: AttemptOutcome = { kind: 'caller_gone', usage: null }
    try {
      outcome = await attemptCall(
        { client, clock },
        {
          ...input,
          route,
          key: setup.keys.get(route.upstream.name),
          totalMs: route.upstream.timeouts.totalMs,
          responseBytesMax: limits.maxResponseBytes,
          onBegun: () => {
            // An upstream that has begun to answer is back; what becomes of this stream the next calls will see.
            if (permit.isProbe) permit.succeeded()
            input.sink.begin({ upstream: route.upstream.name, attempts: attempts.length + 1 })
            input.onBegun()
          },
        },
      )
      return outcome
    } finally {
      upstream.openCalls -= 1
      resolvePermit(permit, outcome)
      attempts.push({
        upstream: route.upstream.name,
        model: route.model.upstreamName ?? route.model.name,
        startedMs,
        endedMs: clock.wallMs(),
        outcome: outcome.kind,
        failure: 'failure' in outcome ? outcome.failure : null,
        isProbe: permit.isProbe,
      })
    }
  }

  function noteFailure(
    one: Tried,
    upstream: Upstream,
    failure: UpstreamFailure,
    next: 'again' | 'next',
  ): void {
    const nowMs = clock.monotonicMs()
    one.failures += 1
    one.isGivenUp = next === 'next' || one.failures >= retry.attemptsPerUpstream
    one.notBeforeMs = nowMs + retryDelayMs(retry, one.failures, failure.retryAfterMs, clock.random())
    if (failure.retryAfterMs !== undefined) {
      upstream.restUntilMs = Math.max(upstream.restUntilMs, nowMs + failure.retryAfterMs)
    }
  }
}

function candidateOf(upstream: Upstream, clock: LlmClock, tried: Tried | null): Candidate {
  return {
    isLeft: tried === null || !tried.isGivenUp,
    admitsInMs: upstream.circuit.admitsInMs(),
    restMs: Math.max(restMs(upstream, clock), (tried?.notBeforeMs ?? 0) - clock.monotonicMs()),
    isBusy: upstream.openCalls >= upstream.config.maxConcurrentCalls,
  }
}

function resolvePermit(permit: Permit, outcome: AttemptOutcome): void {
  const counts = countOf(outcome)
  if (counts === 'failure') permit.failed()
  // An upstream that finds a request wrong is there, which is all that a probe asks.
  else if (counts === 'success' || (counts === 'nothing' && permit.isProbe)) permit.succeeded()
  else permit.abandoned()
}

function countOf(outcome: AttemptOutcome): 'success' | 'failure' | 'nothing' | 'unknown' {
  if (outcome.kind === 'caller_gone') return 'unknown'
  return 'failure' in outcome ? countOfFailure(outcome.failure) : 'success'
}
