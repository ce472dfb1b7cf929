import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import { createPostgresLlmStore } from '../../../shared/db/llm/llm-store.ts'
import { startScriptedUpstream } from '../../../workers/scripted-upstream/server.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { startOtlpReceiver } from '../../shared/telemetry/otlp-receiver.ts'
import { leaseTokens, readBudget } from './leased-tokens.ts'
import { configOf, KEY, startProxy } from './proxy-process.ts'

const { db, url } = await ownDatabase()
const upstream = await startScriptedUpstream()
const down500 = await startScriptedUpstream({ script: [{ does: 'fail', status: 500 }] })
const proxy = await startProxy(url, configOf([upstream.baseUrl], { limits: { maxRequestBytes: 100_000 } }))
const messages = [{ role: 'user', content: 'say something' }]

beforeEach(() => upstream.follow([{ does: 'answer' }]))

function ask(base: string, token: string, fields: object = {}, init: RequestInit = {}) {
  return fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages, ...fields }),
    ...init,
  })
}

describe('a request is refused', () => {
  test.each([
    ['without a token', 401, 'missing_token', { headers: { 'content-type': 'application/json' } }],
    [
      'with a token of another kind',
      401,
      'wrong_token',
      { headers: { authorization: `Bearer bourse_agent_${'0'.repeat(64)}` } },
    ],
    ['by another method', 405, 'method_not_allowed', { method: 'PUT' }],
    ['that is not JSON', 400, 'invalid_request', { body: '{"model": ' }],
    ['nested without end', 400, 'invalid_request', { body: '['.repeat(90_000) }],
    ['that is not UTF-8', 400, 'invalid_request', { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
    ['longer than allowed', 413, 'request_too_large', { body: JSON.stringify({ x: 'y'.repeat(200_000) }) }],
    ['as a form', 415, 'unsupported_media_type', { type: 'application/x-www-form-urlencoded' }],
    ['compressed', 415, 'unsupported_media_type', { encoding: 'gzip' }],
  ])('%s', async (_, status, code, given) => {
    const { token } = await leaseTokens(db, 60_000)
    const { type, encoding, ...init } = given as { type?: string; encoding?: string } & RequestInit
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': type ?? 'application/json',
      ...(encoding && { 'content-encoding': encoding }),
    }
    const callsBefore = upstream.calls
    const response = await ask(proxy.url, token, {}, { headers, ...init })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      error: { code, message: expect.any(String), type: expect.any(String) },
    })
    expect(upstream.calls).toBe(callsBefore)
  })

  test('outside what there is', async () => {
    expect((await fetch(`${proxy.url}/embeddings`)).status).toBe(404)
    expect((await fetch(`${proxy.url.replace('/v1', '')}/healthz`)).status).toBe(200)
  })

  test('with the token of a lease that is over', async () => {
    const { token, leaseId } = await leaseTokens(db, 60_000)
    await db.query(
      `update leases set starts_at = starts_at - interval '1 hour', ends_at = ends_at - interval '1 hour' where lease_id = $1`,
      [leaseId],
    )
    const response = await ask(proxy.url, token)
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      401,
      'token_expired',
    ])
  })
})

test('one agent that sends its bodies slowly leaves half of the proxy to the others', async () => {
  const narrow = await startProxy(url, configOf([upstream.baseUrl], { limits: { maxConcurrentCalls: 4 } }))
  const slow = await leaseTokens(db, 60_000)
  const other = await leaseTokens(db, 60_000)
  const sockets = Array.from({ length: 6 }, () => connect(Number(new URL(narrow.url).port), '127.0.0.1'))
  const answers = sockets.map(async socket => {
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${slow.token}\r\n` +
        'content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{',
    )
    return await text(socket)
  })
  // Two are taken and wait for the rest of their bodies; of the others one at least is told why not.
  await Promise.any(
    answers.map(async answer => expect(await answer).toMatch(/^HTTP\/1.1 429 [\s\S]*"too_many_calls"/)),
  )
  await expect
    .poll(async () => (await ask(narrow.url, other.token)).status, { timeout: PATIENCE_MS })
    .toBe(200)
  for (const socket of sockets) socket.destroy()
  await Promise.allSettled(answers)
})

test('a number that no double holds reaches the upstream as it was written', async () => {
  const { token } = await leaseTokens(db, 60_000)
  const body = `{"model":"small","messages":[{"role":"user","content":"1234567890123456789"}],"seed":12345678901234567890}`
  const seen: string[] = []
  const { createServer } = await import('node:http')
  const raw = createServer(async (request, response) => {
    seen.push(await text(request))
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}')
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => raw.once('listening', resolve))
  const other = await startProxy(
    url,
    configOf([`http://127.0.0.1:${(raw.address() as { port: number }).port}/v1`]),
  )
  expect((await ask(other.url, token, {}, { body })).status).toBe(200)
  expect(seen[0]).toContain('"seed":12345678901234567890')
  raw.close()
})

test('headers of a caller stay here, but for those that may pass; none of an upstream comes back', async () => {
  const { token } = await leaseTokens(db, 60_000)
  const response = await ask(
    proxy.url,
    token,
    {},
    {
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        cookie: 'a=b',
        'x-secret': 's',
        'openai-beta': 'beta-1',
      },
    },
  )
  const { headers } = upstream.seen.at(-1)!
  expect(headers).toMatchObject({ authorization: `Bearer ${KEY}`, 'openai-beta': 'beta-1' })
  expect(JSON.stringify(headers)).not.toContain(token)
  expect(headers.cookie ?? headers['x-secret']).toBeUndefined()
  expect([...response.headers.keys()]).not.toContain('authorization')
})

describe('a connection', () => {
  const port = Number(new URL(proxy.url).port)
  const answerTo = async (request: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(request)
    return await text(socket)
  }

  test('that sends its headers too slowly is closed', async () => {
    expect(await answerTo('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n')).toMatch(/408/)
  })

  test('with headers beyond every measure is closed', async () => {
    expect(await answerTo(`GET /v1/models HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /431/,
    )
  })

  test('whose body grows beyond what it may without saying so is told, and goes on', async () => {
    const { token } = await leaseTokens(db, 60_000)
    const socket = connect(port, '127.0.0.1')
    let said = ''
    const heard = (what: RegExp) =>
      new Promise<void>((resolve, reject) => {
        socket.on('data', bytes => {
          said += bytes
          if (what.test(said)) resolve()
        })
        socket.on('error', reject)
        socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(said)}`)))
      })
    const refused = heard(/request_too_large/)
    const chunk = `${(70_000).toString(16)}\r\n${' '.repeat(70_000)}\r\n`
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}`,
    )
    await refused
    expect(said).toMatch(/^HTTP\/1.1 413 /)
    const answered = heard(/HTTP\/1.1 200 /)
    socket.write(`${chunk}0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`)
    await answered
    socket.removeAllListeners('close')
    socket.destroy()
  })

  test('that speaks something else is closed', async () => {
    expect(await answerTo('\x16\x03\x01 hello\r\n\r\n')).toMatch(/400/)
  })
})

test('while all circuits are open a call fails within milliseconds, with Retry-After', async () => {
  const down = await startScriptedUpstream({ script: [{ does: 'fail', status: 503 }] })
  const alone = await startProxy(url, configOf([down.baseUrl]))
  const { token } = await leaseTokens(db, 60_000)
  for (let call = 0; call < 3; call++) await ask(alone.url, token)
  const startedAt = performance.now()
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(alone.url, token)))
  const elapsedMs = performance.now() - startedAt
  for (const answer of answers) {
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('x-should-retry')).toBe('false')
  }
  // No bound on speed, but one that waiting for the circuit would break.
  expect(elapsedMs).toBeLessThan(30_000)
  expect(down.calls).toBeLessThan(8)
  await down.close()
})

test('calls that are refused leave a row for each reason and second, however many there are', async () => {
  const { token, leaseId, marketId } = await leaseTokens(db, 60)
  const refused = async () => {
    const { rows } = await db.query(
      `select code, model, sum(calls)::int as calls, count(*)::int as rows, count(distinct second)::int as seconds
         from llm_refusals where lease_id = $1 and code <> 'store_unavailable' group by code, model order by code`,
      [leaseId],
    )
    return rows
  }
  /** On a busy machine Postgres may not answer in time: such a call is made again. */
  const refuse = async (fields: object) => {
    while ((await ask(proxy.url, token, fields)).status === 503);
  }
  await Promise.all([
    ...Array.from({ length: 40 }, () => refuse({ max_tokens: 50 })),
    ...Array.from({ length: 10 }, (_, nth) => refuse({ model: `none-${nth}` })),
    refuse({ n: 1_000 }),
  ])
  await expect
    .poll(async () => (await refused()).map(({ calls }) => calls), { timeout: PATIENCE_MS })
    .toEqual([1, 40, 10])
  const rows = await refused()
  expect(rows).toMatchObject([
    { code: 'invalid_request', model: '' },
    { code: 'lease_tokens_used_up', model: 'small' },
    { code: 'model_not_found', model: '' },
  ])
  for (const row of rows) expect(row.rows).toBe(row.seconds)

  const freeze = (frozen: boolean) =>
    db.query('update agents set frozen = $2 where market_id = $1', [marketId, frozen])
  await expect
    .poll(
      async () => {
        // The refusal is the lease's only while the lease is remembered, which may take too long on a busy machine.
        await freeze(false)
        await refuse({ max_tokens: 50 })
        await freeze(true)
        await refuse({})
        return (await refused()).map(({ code }) => code)
      },
      { timeout: PATIENCE_MS },
    )
    .toContain('agent_frozen')
})

test("a call is a span in its bid's trace, as a collector receives it", async () => {
  const receiver = await startOtlpReceiver()
  const retry = { attemptsPerUpstream: 1, firstDelayMs: 10, maxDelayMs: 50, totalMs: 10_000 }
  const traced = await startProxy(url, configOf([down500.baseUrl, upstream.baseUrl], { retry }), {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  })
  const { token, leaseId, marketId } = await leaseTokens(db, 60_000)
  const { rows } = await db.query(
    'select b.traceparent from bids b join leases l using (bid_id) where l.lease_id = $1',
    [leaseId],
  )
  const [, traceId, bidSpanId] = String(rows[0].traceparent).split('-')
  for (const stream of [false, true]) await (await ask(traced.url, token, { stream })).text()
  await traced.end('SIGTERM')
  const spans = receiver.spans().filter(span => span.traceId === traceId)
  const calls = spans.filter(({ name }) => name === 'chat small')
  expect(calls).toHaveLength(2)
  for (const call of calls) {
    expect(call).toMatchObject({
      parentSpanId: bidSpanId,
      service: 'bourse-llm-proxy',
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'small',
        'gen_ai.usage.output_tokens': 8,
        'openinference.span.kind': 'LLM',
        'bourse.market': marketId,
        'bourse.agent': 'ann',
        'bourse.outcome': 'completed',
      },
    })
    const attempts = spans.filter(({ parentSpanId }) => parentSpanId === call.spanId)
    expect(attempts.map(({ name }) => name).toSorted()).toEqual(['POST first', 'POST second'])
    expect(attempts.find(({ name }) => name === 'POST first')!.problem).toContain('500')
  }
  expect(JSON.stringify(receiver.spans())).not.toContain('say something')
  expect(JSON.stringify(receiver.spans())).not.toContain(KEY)
  await receiver.close()
})

test('a hundred calls at once through several proxies never take a token more than the lease has', async () => {
  const others = await Promise.all([
    startProxy(url, configOf([upstream.baseUrl])),
    startProxy(url, configOf([upstream.baseUrl])),
  ])
  const proxies = [proxy, ...others]
  upstream.follow([{ does: 'answer', words: 60, firstTokenMs: 20 }])
  const { token, leaseId } = await leaseTokens(db, 6_000)
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, nth) => {
      const response = await ask(proxies[nth % proxies.length]!.url, token, {
        max_tokens: 100,
        stream: nth % 2 === 0,
      })
      await response.text()
      return response.status
    }),
  )
  expect(new Set(answers)).toEqual(new Set([200, 402]))
  const budget = await readBudget(db, leaseId)
  expect(budget).toMatchObject({ reserved: 0, open: 0, used: budget.charged })
  expect(budget.used).toBeLessThanOrEqual(6_000)
})

test('a proxy killed in mid-stream leaves one reservation, which another resolves once', async () => {
  const doomed = await startProxy(url, configOf([upstream.baseUrl]))
  upstream.follow([{ does: 'answer', words: 10_000, dripMs: 5 }])
  const { token, leaseId } = await leaseTokens(db, 60_000)
  const response = await ask(doomed.url, token, { stream: true, max_tokens: 500 })
  const reader = response.body!.getReader()
  await reader.read()
  await doomed.end('SIGKILL')
  await reader.read().catch(() => {})
  const before = await readBudget(db, leaseId)
  expect(before).toMatchObject({ open: 1, used: 0 })
  expect(before.reserved).toBeGreaterThan(500)
  await db.query(
    `update llm_calls set reserved_at = reserved_at - interval '1 hour', deadline_at = deadline_at - interval '1 hour' where lease_id = $1`,
    [leaseId],
  )
  const store = createPostgresLlmStore(db, async () => {})
  await Promise.all([store.resolveOverdue(), store.resolveOverdue()])
  await expect.poll(async () => (await readBudget(db, leaseId)).open, { timeout: PATIENCE_MS }).toBe(0)
  expect(await readBudget(db, leaseId)).toMatchObject({
    reserved: 0,
    used: before.reserved,
    charged: before.reserved,
  })
  const { rows } = await db.query('select outcome from llm_calls where lease_id = $1', [leaseId])
  expect(rows).toEqual([{ outcome: 'abandoned' }])
})

test('a proxy told to end lets its calls end first, and tells neither keys nor prompts in its log', async () => {
  const ending = await startProxy(url, configOf([upstream.baseUrl]))
  upstream.follow([{ does: 'repeat_authorization', firstTokenMs: 500 }])
  const { token, leaseId } = await leaseTokens(db, 60_000)
  const asking = ask(ending.url, token, {
    messages: [{ role: 'user', content: 'a prompt\n{"level":60}\u2028 nobody logs' }],
  })
  await expect
    .poll(() => upstream.seen.at(-1)?.body.messages, { timeout: PATIENCE_MS })
    .toMatchObject([{ content: expect.stringContaining('nobody logs') }])
  await ending.end('SIGTERM')
  const response = await asking
  expect(response.status).toBe(200)
  expect(await response.text()).not.toContain(KEY)
  expect(await readBudget(db, leaseId)).toMatchObject({ reserved: 0, open: 0 })
  const log = await ending.log
  expect(log).toContain('a call ended')
  for (const secret of [KEY, token, 'nobody logs']) expect(log).not.toContain(secret)
  for (const line of log.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
})
