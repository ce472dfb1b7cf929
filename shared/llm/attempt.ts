import { AttemptTimedOut, type AttemptTimer, CallerGone, startAttemptTimer } from './attempt-timer.ts'
import type { ChatRequest } from './chat-request.ts'
import type { ChatSink } from './chat-sink.ts'
import type { LlmClock } from './llm-clock.ts'
import type { Route } from './llm-config.ts'
import { BadAnswer, parseAnswer, readBody } from './read-answer.ts'
import { relayStream, type StreamTally } from './relay-stream.ts'
import { readRetryAfter } from './retry-delay.ts'
import { upstreamBody } from './upstream-body.ts'
import { ConnectTimeout, type UpstreamClient, type UpstreamResponse } from './upstream-client.ts'
import { failureOfStatus, type UpstreamFailure } from './upstream-failure.ts'
import type { Usage } from './usage.ts'

/** What one attempt at one upstream came to. */
export type AttemptOutcome =
  | { kind: 'answered'; body: Buffer; usage: Usage }
  /** A stream to its end; only its `[DONE]` has not been told. */
  | { kind: 'streamed'; usage: Usage }
  /** A stream that had begun and was cut by its upstream: it cannot be tried again. */
  | { kind: 'cut'; failure: UpstreamFailure; usage: Usage }
  /** Null: nothing is known of what the upstream had made by then. */
  | { kind: 'caller_gone'; usage: Usage | null }
  | { kind: 'failed'; failure: UpstreamFailure }

export interface AttemptInput {
  request: ChatRequest
  route: Route
  key: string | undefined
  /** Headers of the caller that may pass. */
  headers: Record<string, string>
  outputTokens: number
  /** Milliseconds the attempt may take, no more than its upstream's total. */
  totalMs: number
  responseBytesMax: number
  signal: AbortSignal
  sink: ChatSink
  /** The first event of a stream is about to be passed on. */
  onBegun: () => void
}

const FAILURE_BYTES_MAX = 65_536
const OK = 200

/** Makes one attempt at one upstream. Never throws for what an upstream or a caller does. */
export async function attemptCall(
  { client, clock }: { client: UpstreamClient; clock: LlmClock },
  input: AttemptInput,
): Promise<AttemptOutcome> {
  const { request, route, key, signal } = input
  const timer = startAttemptTimer(clock, signal)
  timer.arm('total_timeout', input.totalMs)
  if (request.stream) timer.arm('first_token_timeout', route.upstream.timeouts.firstTokenMs)
  let tally: StreamTally | undefined
  try {
    const response = await client.send({
      upstream: route.upstream.name,
      path: '/chat/completions',
      headers: {
        ...input.headers,
        'content-type': 'application/json',
        accept: request.stream ? 'text/event-stream' : 'application/json',
        'accept-encoding': 'identity',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: upstreamBody(request, route, input.outputTokens),
      signal: timer.signal,
    })
    if (response.status !== OK) return { kind: 'failed', failure: await readFailure(response, clock, key) }
    requireContent(response, request.stream ? 'text/event-stream' : 'application/json')
    if (!request.stream) {
      const { idleMs } = route.upstream.timeouts
      const onPiece = () => timer.arm('idle_timeout', idleMs)
      const bytes = await readBody(response.body, input.responseBytesMax, onPiece)
      return { kind: 'answered', ...parseAnswer(bytes, request, key) }
    }
    const relayed = relayStream(response.body, { ...input, timer, clock })
    tally = relayed.tally
    return { kind: 'streamed', usage: await relayed.finished }
  } catch (error) {
    return outcomeOfError(error, timer, signal, tally, request)
  } finally {
    if (tally === undefined || !tally.isDraining) timer.end()
  }
}

function outcomeOfError(
  error: unknown,
  timer: AttemptTimer,
  callerSignal: AbortSignal,
  tally: StreamTally | undefined,
  request: ChatRequest,
): AttemptOutcome {
  if (callerSignal.aborted || error instanceof CallerGone) {
    return { kind: 'caller_gone', usage: request.stream ? (tally?.usage() ?? null) : null }
  }
  const failure = failureOfError(timer.signal.aborted ? timer.signal.reason : error)
  return tally?.hasBegun ? { kind: 'cut', failure, usage: tally.usage() } : { kind: 'failed', failure }
}

function failureOfError(error: unknown): UpstreamFailure {
  if (error instanceof AttemptTimedOut || error instanceof BadAnswer) {
    return { reason: error.reason, message: error.message }
  }
  if (error instanceof ConnectTimeout) return { reason: 'connect_timeout', message: error.message }
  const { code, name } = error as { code?: unknown; name?: unknown }
  return { reason: 'connection', message: `the connection failed (${String(code ?? name)})` }
}

async function readFailure(
  response: UpstreamResponse,
  clock: LlmClock,
  key: string | undefined,
): Promise<UpstreamFailure> {
  const failure = failureOfStatus(response.status, readRetryAfter(response.retryAfter, clock.wallMs()))
  const bytes = await readBody(response.body, FAILURE_BYTES_MAX).catch(() => null)
  if (failure.reason !== 'refused' || bytes === null) return failure
  const text = key === undefined ? bytes.toString() : bytes.toString().replaceAll(key, '[key]')
  try {
    return { ...failure, body: JSON.parse(text) }
  } catch {
    return failure
  }
}

function requireContent({ contentType, contentEncoding }: UpstreamResponse, expected: string): void {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type !== expected) {
    throw new BadAnswer('bad_response', `it answered with content type ${JSON.stringify(type.slice(0, 60))}`)
  }
  if (!['', 'identity'].includes(contentEncoding.toLowerCase())) {
    throw new BadAnswer('bad_response', 'it answered in an encoding that was not asked for')
  }
}
