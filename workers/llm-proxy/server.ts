import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { v7 as uuidV7 } from 'uuid'
import type { Outcome } from '../../shared/economy/refusal.ts'
import type { TokenLease } from '../../shared/identity/identity.ts'
import { rememberLeases, type ShownLease } from '../../shared/identity/recent-leases.ts'
import { readChatRequest } from '../../shared/llm/chat-request.ts'
import type { ChatAnswer, ChatCall } from '../../shared/llm/complete-chat.ts'
import type { LlmConfig } from '../../shared/llm/llm-config.ts'
import { modelNames } from '../../shared/llm/llm-config.ts'
import { errorBody, type LlmRefusal, type LlmRefusalCode, refuseCall } from '../../shared/llm/llm-refusal.ts'
import type { Logger } from '../../shared/telemetry/log.ts'
import { readTraceparent } from '../../shared/trace/traceparent.ts'
import { readBearer, readJsonBody } from './read-request.ts'
import { responseSink } from './response-sink.ts'

export interface LlmServerOptions {
  host: string
  /** 0: a free one. */
  port: number
  config: LlmConfig
  findLease: (token: string) => Promise<Outcome<{ lease: TokenLease }>>
  complete: (call: ChatCall) => Promise<ChatAnswer>
  /** Told of every call that was refused; with its lease where that is known and the core was not asked. */
  onRefused: (refusal: LlmRefusal, leaseId?: string) => void
  log: Logger
}

export interface LlmServer {
  /** What clients take as their base URL. */
  url: string
  /** Takes no more calls, gives those under way `graceMs` to end, then hangs up. */
  close(graceMs: number): Promise<void>
}

/** What one peer may have of the server before it has shown a token. */
const HEADER_BYTES_MAX = 16_384
const HEADERS_MAX = 100
const HEADERS_MS_MAX = 10_000
const REQUEST_MS_MAX = 60_000
const KEEP_ALIVE_MS = 60_000
const CONNECTIONS_MAX = 2_048
const LOGGED_PROMPT_LENGTH = 4_096
/** Headers of a caller that pass to an upstream. */
const PASSED_HEADERS = ['openai-beta']

/** Serves OpenAI's chat completions to holders of lease tokens. Throws when the port is taken. */
export async function startLlmServer(options: LlmServerOptions): Promise<LlmServer> {
  const { config, log } = options
  // A call judges its lease again: one that was found lately will do.
  const findRecentLease = rememberLeases(options.findLease)
  /** The callers that wait, each with what breaks its call off. */
  const waiting = new Set<AbortController>()
  let isClosing = false
  let openCalls = 0
  /** By who answers for them. */
  const openBy = new Map<string, number>()
  const openMaxBy = Math.ceil(config.limits.maxConcurrentCalls / 2)

  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      request.on('error', () => {})
      response.on('error', () => {})
      void handle(request, response).catch(error => {
        if (response.destroyed) return
        log.error({ err: error }, 'a request could not be answered')
        refuse(
          response,
          refuseCall('internal_error', 'something went wrong here; the log of the proxy says what'),
        )
      })
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  server.maxHeadersCount = HEADERS_MAX
  await listen(server, options)
  const url = `http://${options.host}:${(server.address() as AddressInfo).port}/v1`
  return {
    url,
    async close(graceMs) {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeIdleConnections()
      const timer = setTimeout(() => {
        isClosing = true
        for (const caller of waiting) caller.abort()
      }, graceMs)
      while (openCalls > 0) await new Promise(resolve => setTimeout(resolve, 20))
      clearTimeout(timer)
      server.closeAllConnections()
      await closed
    },
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0]
    if (path === '/healthz') return answer(response, 200, { ok: true })
    if (path === '/v1/chat/completions') {
      if (request.method !== 'POST')
        return refuse(response, refuseCall('method_not_allowed', 'use POST here'))
      if (openCalls >= config.limits.maxConcurrentCalls || isClosing) {
        return refuse(
          response,
          refuseCall('proxy_busy', 'this proxy has as many calls as it takes at once', {
            retryAfterSeconds: 1,
          }),
        )
      }
      openCalls += 1
      try {
        return await completeChat(request, response)
      } finally {
        openCalls -= 1
      }
    }
    if (path !== '/v1/models' && !path?.startsWith('/v1/models/')) {
      return refuse(response, refuseCall('not_found', 'there are /v1/chat/completions and /v1/models'))
    }
    if (request.method !== 'GET') return refuse(response, refuseCall('method_not_allowed', 'use GET here'))
    const known = await findLease(request, options.findLease)
    if (!known.ok) return refuse(response, known)
    listModels(response, path.slice('/v1/models/'.length))
  }

  async function completeChat(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const known = await findLease(request, findRecentLease)
    if (!known.ok) return refuse(response, known)
    const { marketId, agent, owner } = known.lease
    const who = owner === null ? `${marketId}/${agent}` : `${marketId}//${owner}`
    const open = openBy.get(who) ?? 0
    if (open >= openMaxBy) {
      const message = `this proxy takes ${openMaxBy} calls at once of one agent, or of one owner's agents together`
      return refuse(
        response,
        refuseCall('too_many_calls', message, { retryAfterSeconds: 1 }),
        known.lease.leaseId,
      )
    }
    openBy.set(who, open + 1)
    try {
      await answerCall(request, response, known)
    } finally {
      const left = openBy.get(who)! - 1
      if (left === 0) openBy.delete(who)
      else openBy.set(who, left)
    }
  }

  async function answerCall(
    request: IncomingMessage,
    response: ServerResponse,
    known: ShownLease,
  ): Promise<void> {
    const read = await readJsonBody(request, config.limits.maxRequestBytes)
    const { lease, tokenHash } = known
    if (!read.ok) return refuse(response, read, lease.leaseId)
    const chat = readChatRequest(read.body)
    if (!chat.ok) return refuse(response, chat, lease.leaseId)

    const callId = uuidV7()
    if (config.logPrompts) {
      log.info(
        {
          market: lease.marketId,
          agent: lease.agent,
          call: callId,
          body: read.text.slice(0, LOGGED_PROMPT_LENGTH),
        },
        'prompt',
      )
    }
    const caller = new AbortController()
    waiting.add(caller)
    response.once('close', () => {
      waiting.delete(caller)
      if (!response.writableFinished) caller.abort()
    })
    if (isClosing) caller.abort()
    response.setHeader('x-request-id', callId)
    const answered = await options.complete({
      callId,
      leaseId: lease.leaseId,
      tokenHash,
      request: chat.request,
      headers: passedHeaders(request),
      signal: caller.signal,
      sink: responseSink(response),
      traceparent:
        readTraceparent(request.headers.traceparent) === null ? null : String(request.headers.traceparent),
    })
    if (!answered.ok) return refuse(response, answered)
    switch (answered.kind) {
      case 'streamed':
        return void response.end()
      case 'refused_by_upstream':
        return answer(response, answered.status, answered.body, { 'x-should-retry': 'false' })
      case 'answered':
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-length': answered.body.length,
          'x-bourse-upstream': answered.upstream,
          'x-bourse-attempts': String(answered.attempts),
          'x-bourse-charged-tokens': String(answered.chargedTokens),
        })
        response.end(answered.body)
    }
  }

  async function findLease<Found>(
    request: IncomingMessage,
    find: (token: string) => Promise<Outcome<Found>>,
  ): Promise<({ ok: true } & Found) | LlmRefusal> {
    const bearer = readBearer(request)
    if (!bearer.ok) return bearer
    try {
      const found = await find(bearer.token)
      return found.ok ? found : refuseCall(found.error.code as LlmRefusalCode, found.error.message)
    } catch (error) {
      log.warn({ err: error }, 'a token could not be looked up')
      return refuseCall('store_unavailable', 'the market cannot be asked at the moment', {
        retryAfterSeconds: 1,
      })
    }
  }

  function listModels(response: ServerResponse, name: string): void {
    const shown = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'bourse' })
    const names = modelNames(config)
    if (name === '') {
      answer(response, 200, { object: 'list', data: names.map(shown) })
      return
    }
    const wanted = decodeName(name)
    if (wanted !== null && names.includes(wanted)) answer(response, 200, shown(wanted))
    else
      refuse(
        response,
        refuseCall('model_not_found', 'there is no such model; GET /v1/models lists those there are'),
      )
  }

  function refuse(response: ServerResponse, refusal: LlmRefusal, leaseId?: string): void {
    options.onRefused(refusal, leaseId)
    if (response.destroyed) return
    if (response.headersSent) return void response.destroy()
    const { retryAfterSeconds, clientsRetry } = refusal
    answer(response, refusal.status, errorBody(refusal), {
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(clientsRetry === undefined ? {} : { 'x-should-retry': String(clientsRetry) }),
    })
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

function passedHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    PASSED_HEADERS.filter(name => headers[name] !== undefined).map(name => [name, String(headers[name])]),
  )
}

function decodeName(name: string): string | null {
  try {
    return decodeURIComponent(name)
  } catch {
    return null
  }
}

async function listen(server: Server, { host, port }: LlmServerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', error =>
    reject(new Error(`BOURSE_LLM_PORT: the LLM proxy cannot listen at ${host}:${port}: ${error.message}`)),
  )
  server.listen(port, host, resolve)
  await promise
}
