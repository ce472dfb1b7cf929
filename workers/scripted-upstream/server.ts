import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { chunksOf, completionOf, type ScriptedRequest, scriptedAnswer } from './answer.ts'
import { type Behaviour, behaviourSchema, scriptSchema } from './behaviour.ts'

/** What an upstream was asked, for whoever wrote its script. */
export interface SeenRequest {
  body: ScriptedRequest
  headers: IncomingMessage['headers']
  /** The caller hung up before the answer was complete. */
  wasAborted: boolean
}

export interface ScriptedUpstream {
  /** For a configuration's `baseUrl`. */
  baseUrl: string
  port: number
  /** Requests so far; the newest `SEEN_MAX` are kept. */
  calls: number
  seen: SeenRequest[]
  /** What the next requests meet; the last behaviour stays. */
  follow(script: readonly Partial<Behaviour>[]): void
  close(): Promise<void>
}

const SEEN_MAX = 1_000
const CUT_MS = 20
const HUGE_PIECE = Buffer.alloc(65_536, 'x')

/**
 * A stand-in for a provider of models: a real HTTP server that answers chat completions with the words of a script, or
 * misbehaves as the script says. `POST /script` replaces the script of one that runs.
 */
export async function startScriptedUpstream(
  options: { script?: readonly Partial<Behaviour>[]; port?: number } = {},
): Promise<ScriptedUpstream> {
  let script: Behaviour[] = []
  const upstream: ScriptedUpstream = {
    baseUrl: '',
    port: 0,
    calls: 0,
    seen: [],
    follow(next) {
      script = scriptSchema.parse(next.map(one => behaviourSchema.parse({ does: 'answer', ...one })))
    },
    async close() {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
  upstream.follow(options.script ?? [{ does: 'answer' }])

  const server = createServer(async (request, response) => {
    response.on('error', () => {})
    try {
      await handle(request, response)
    } catch {
      response.destroy()
    }
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port ?? 0, '127.0.0.1', resolve)
  await promise
  upstream.port = (server.address() as AddressInfo).port
  upstream.baseUrl = `http://127.0.0.1:${upstream.port}/v1`
  return upstream

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST' && request.url === '/script') {
      upstream.follow(scriptSchema.parse(await json(request)))
      response.writeHead(204).end()
      return
    }
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"not found"}}')
      return
    }
    upstream.calls += 1
    const behaviour = script.length > 1 ? script.shift()! : script[0]!
    const body = (await json(request)) as ScriptedRequest
    const seen: SeenRequest = { body, headers: request.headers, wasAborted: false }
    upstream.seen.push(seen)
    if (upstream.seen.length > SEEN_MAX) upstream.seen.shift()
    const gone = new AbortController()
    response.on('close', () => {
      seen.wasAborted = !response.writableFinished
      gone.abort()
    })
    await behave(body, behaviour, request, response, gone.signal)
  }
}

async function behave(
  request: ScriptedRequest,
  behaviour: Behaviour,
  { headers }: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const asJson = { 'content-type': 'application/json' }
  const retryAfter = behaviour.retryAfter === undefined ? {} : { 'retry-after': behaviour.retryAfter }
  const failWith = (status: number, message: string) =>
    response
      .writeHead(status, { ...asJson, ...retryAfter })
      .end(JSON.stringify({ error: { message, type: 'scripted', param: null, code: null } }))
  await pause(behaviour.firstTokenMs, undefined, { signal: gone })
  switch (behaviour.does) {
    case 'answer':
    case 'cut':
    case 'error_in_stream':
    case 'no_end':
    case 'no_done':
      return await answer(request, behaviour, response, gone)
    case 'rate_limit':
      return void failWith(429, 'scripted: too many requests')
    case 'fail':
      return void failWith(behaviour.status, `scripted: status ${behaviour.status}`)
    case 'hang':
      return
    case 'headers_only':
      response
        .writeHead(200, request.stream ? { 'content-type': 'text/event-stream' } : asJson)
        .flushHeaders()
      return
    case 'invalid_json':
      return void (request.stream
        ? response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices": [\n\n')
        : response.writeHead(200, asJson).end('{"choices": ['))
    case 'wrong_content_type':
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>scripted</p>')
    case 'huge_body':
      return await huge(request, behaviour, response, gone)
    case 'redirect':
      return void response.writeHead(307, { location: behaviour.location }).end()
    case 'repeat_authorization':
      return await answer(request, { ...behaviour, text: String(headers.authorization) }, response, gone)
  }
}

async function answer(
  request: ScriptedRequest,
  behaviour: Behaviour,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const said = scriptedAnswer(request, behaviour)
  if (request.stream !== true) {
    const text = JSON.stringify(completionOf(request, said, behaviour.tellsUsage))
    response.writeHead(200, { 'content-type': 'application/json' })
    if (behaviour.does !== 'cut') return void response.end(text)
    response.write(text.slice(0, text.length / 2), () => response.destroy())
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.flushHeaders()
  const chunks = chunksOf(request, said, behaviour.tellsUsage)
  const middle = Math.ceil(chunks.length / 2)
  for (const [place, chunk] of chunks.entries()) {
    if (place > 0 && behaviour.dripMs > 0) await pause(behaviour.dripMs, undefined, { signal: gone })
    if (place === middle && behaviour.does === 'cut') {
      // What was written reaches the reader first.
      await pause(CUT_MS)
      response.destroy()
      return
    }
    if (place === middle && behaviour.does === 'error_in_stream') {
      return void response.end('data: {"error": {"message": "scripted", "type": "server_error"}}\n\n')
    }
    if (place === middle && behaviour.does === 'no_end') return void response.end()
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  // Finished, and the connection stays open.
  if (behaviour.does === 'no_done') return
  response.end('data: [DONE]\n\n')
}

async function huge(
  request: ScriptedRequest,
  { bytes }: Behaviour,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  response.writeHead(200, { 'content-type': request.stream ? 'text/event-stream' : 'application/json' })
  response.write(request.stream ? 'data: {"x":"' : '{"x":"')
  for (let sent = 0; sent < bytes && !gone.aborted; sent += HUGE_PIECE.length) {
    if (!response.write(HUGE_PIECE)) {
      await Promise.race([
        new Promise(resolve => response.once('drain', resolve)),
        new Promise(resolve => gone.addEventListener('abort', resolve, { once: true })),
      ])
    }
  }
  response.end('"}')
}
