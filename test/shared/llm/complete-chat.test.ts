import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { PATIENCE_MS } from '../../patience.ts'
import { eventsOf, KEY, llmOn, scripted, setupOf } from './llm-under-test.ts'
import { createMemoryLlmStore } from './memory-llm-store.ts'

const refusal = (answer: unknown) => answer as { status: number; code: string; retryAfterSeconds: number }

describe('an answer in one piece', () => {
  test('is what the upstream said, byte for byte, and charged as it told', async () => {
    const upstream = await scripted({ does: 'answer', words: 5 })
    const llm = llmOn(setupOf([upstream.baseUrl]))
    const { answer, record } = await llm.ask({ temperature: 0.5, made_up: { a: [1] } })
    if (!answer.ok || answer.kind !== 'answered') throw new Error(JSON.stringify(answer))
    const { choices, usage } = JSON.parse(answer.body.toString())
    expect(choices[0].message.content).toBe('word0 word1 word2 word3 word4 ')
    expect(answer.chargedTokens).toBe(usage.total_tokens)
    expect(llm.budget()).toMatchObject({ usedTokens: usage.total_tokens, reservedTokens: 0, openCalls: 0 })
    expect(record.settlement).toMatchObject({ outcome: 'completed', upstream: 'first', attempts: 1 })
    expect(record.settlement!.costMicro).toBe(BigInt(usage.prompt_tokens + 2 * usage.completion_tokens))
    const seen = upstream.seen[0]!
    expect(seen.body).toMatchObject({
      temperature: 0.5,
      made_up: { a: [1] },
      model: 'small',
      max_tokens: 1_000,
    })
    expect(seen.headers.authorization).toBe(`Bearer ${KEY}`)
  })

  test('has its limit cut to what the lease has left, times n', async () => {
    const upstream = await scripted({ does: 'answer', words: 1_000 })
    const llm = llmOn(setupOf([upstream.baseUrl]), createMemoryLlmStore(300))
    await llm.ask({ max_completion_tokens: 900, n: 2 })
    const { max_completion_tokens, max_tokens } = upstream.seen[0]!.body
    expect(max_tokens).toBeUndefined()
    expect(max_completion_tokens).toBeGreaterThan(50)
    expect(max_completion_tokens! * 2).toBeLessThan(300)
    expect(llm.budget().usedTokens).toBeLessThanOrEqual(300)
  })

  test('is counted where no usage is told', async () => {
    const upstream = await scripted({ does: 'answer', text: 'x'.repeat(400), tellsUsage: false })
    const llm = llmOn(setupOf([upstream.baseUrl]))
    const { record } = await llm.ask()
    expect(record.settlement!.usage).toMatchObject({ completionTokens: 100, source: 'counted' })
  })

  test('never costs the lease more than it has, whatever the upstream claims', async () => {
    const upstream = await scripted({ does: 'answer', words: 5_000, ignoresLimit: true })
    const llm = llmOn(setupOf([upstream.baseUrl]), createMemoryLlmStore(300))
    const { answer } = await llm.ask({ max_tokens: 10 })
    expect(answer.ok).toBe(true)
    expect(llm.budget()).toMatchObject({ usedTokens: 300, reservedTokens: 0 })
  })

  test('goes on to the mapped model of the next upstream', async () => {
    const [first, second] = [await scripted({ does: 'fail', status: 404 }), await scripted()]
    const setup = setupOf([first.baseUrl, second.baseUrl])
    setup.config.upstreams[1]!.models[0]!.upstreamName = 'other-name'
    const { answer, record } = await llmOn(setup).ask()
    expect(answer.ok).toBe(true)
    expect(first.calls).toBe(1)
    expect(second.seen[0]!.body.model).toBe('other-name')
    expect(record.settlement).toMatchObject({ upstream: 'second', attempts: 2 })
  })
})

describe('a stream', () => {
  test('is passed on as it came, asks for usage, and keeps the usage to itself unless it was asked for', async () => {
    const upstream = await scripted({ does: 'answer', words: 3 })
    const llm = llmOn(setupOf([upstream.baseUrl]))
    const quiet = await llm.ask({ stream: true, stream_options: { include_obfuscation: false } })
    expect(upstream.seen[0]!.body.stream_options).toEqual({ include_usage: true, include_obfuscation: false })
    expect(eventsOf(quiet.text).at(-1)).toBe('[DONE]')
    expect(quiet.text).not.toContain('total_tokens')
    const told = await llm.ask({ stream: true, stream_options: { include_usage: true } })
    expect(JSON.parse(eventsOf(told.text).at(-2)!).usage.completion_tokens).toBe(3)
    expect(told.record.settlement).toMatchObject({ outcome: 'completed', usage: { source: 'reported' } })
    expect(told.record.firstTokenMs).not.toBeNull()
  })

  test('is counted by what was told where no usage comes', async () => {
    const upstream = await scripted({ does: 'answer', words: 7, tellsUsage: false })
    const { record } = await llmOn(setupOf([upstream.baseUrl])).ask({ stream: true })
    expect(record.settlement!.usage.completionTokens).toBeGreaterThanOrEqual(7)
  })

  test.each(['cut', 'error_in_stream', 'no_end'] as const)(
    'that ends in the middle (%s) tells an error, is charged for what was told and tried nowhere else',
    async does => {
      const [first, second] = [await scripted({ does, words: 10 }), await scripted()]
      const llm = llmOn(setupOf([first.baseUrl, second.baseUrl]))
      const { text, record } = await llm.ask({ stream: true })
      expect(JSON.parse(eventsOf(text).at(-1)!).error).toMatchObject({
        type: 'api_error',
        code: 'upstream_failed',
      })
      expect(text).not.toContain('[DONE]')
      expect(second.calls).toBe(0)
      expect(record.settlement).toMatchObject({ outcome: 'upstream_cut', charge: 'used' })
      expect(llm.budget().usedTokens).toBeGreaterThan(0)
      expect(llm.budget()).toMatchObject({ reservedTokens: 0, openCalls: 0 })
    },
  )

  test('that nobody reads any more is broken off, and charged for what was told', async () => {
    const upstream = await scripted({ does: 'answer', words: 1_000, dripMs: 5 })
    const llm = llmOn(setupOf([upstream.baseUrl]))
    const reading = new AbortController()
    const { answer, record } = await llm.ask(
      { stream: true },
      { signal: reading.signal, onWrite: text => text.includes('word5') && reading.abort() },
    )
    expect(refusal(answer).code).toBe('client_gone')
    expect(record.settlement).toMatchObject({ outcome: 'client_gone', charge: 'used' })
    expect(record.settlement!.usage.completionTokens).toBeGreaterThanOrEqual(5)
    expect(record.settlement!.usage.completionTokens).toBeLessThan(500)
    expect(llm.budget()).toMatchObject({ reservedTokens: 0, openCalls: 0 })
    await vi.waitFor(() => expect(upstream.seen[0]!.wasAborted).toBe(true), { timeout: PATIENCE_MS })
  })

  test.each([
    'invalid_json',
    'wrong_content_type',
    'fail',
    'rate_limit',
    'hang',
    'headers_only',
    'redirect',
  ] as const)('that does not begin (%s) is asked for elsewhere', async does => {
    const [first, second] = [await scripted({ does }), await scripted()]
    const { text } = await llmOn(setupOf([first.baseUrl, second.baseUrl])).ask({ stream: true })
    expect(eventsOf(text).at(-1)).toBe('[DONE]')
    expect([first.calls, second.calls]).toEqual([1, 1])
  })

  test('that is finished is over, though its upstream does not say so', async () => {
    const upstream = await scripted({ does: 'no_done', words: 3 })
    const { text, record } = await llmOn(setupOf([upstream.baseUrl])).ask({ stream: true })
    expect(eventsOf(text).at(-1)).toBe('[DONE]')
    expect(record.settlement).toMatchObject({ outcome: 'completed', usage: { source: 'reported' } })
  })

  test('that falls silent is given up after its idle time', async () => {
    const upstream = await scripted({ does: 'answer', words: 3, dripMs: 2_000 })
    const { record } = await llmOn(setupOf([upstream.baseUrl])).ask({ stream: true })
    expect(record.attempts[0]!.failure).toMatchObject({ reason: 'idle_timeout' })
    expect(record.settlement!.outcome).toBe('upstream_cut')
  })
})

describe('trying again', () => {
  test('brings an answer after failures, at an upstream of its own', async () => {
    const upstream = await scripted({ does: 'fail' }, { does: 'invalid_json' }, { does: 'answer' })
    const { answer, record } = await llmOn(setupOf([upstream.baseUrl])).ask()
    expect(answer.ok).toBe(true)
    expect(record.attempts.map(({ failure }) => failure?.reason ?? 'none')).toEqual([
      'server_error',
      'bad_response',
      'none',
    ])
    expect(record.settlement!.attempts).toBe(3)
  })

  test('waits as long as the upstream asks', async () => {
    const upstream = await scripted({ does: 'rate_limit', retryAfter: '1' }, { does: 'answer' })
    const { answer, record } = await llmOn(setupOf([upstream.baseUrl])).ask()
    expect(answer.ok).toBe(true)
    const [limited, answered] = record.attempts
    expect(answered!.startedMs - limited!.endedMs).toBeGreaterThanOrEqual(990)
  })

  test('does not wait longer than there is time: it says when to come back', async () => {
    const upstream = await scripted({ does: 'rate_limit', retryAfter: '120' })
    const llm = llmOn(setupOf([upstream.baseUrl]))
    const { answer } = await llm.ask()
    expect(refusal(answer)).toMatchObject({ status: 429, code: 'upstream_rate_limited' })
    expect(refusal(answer).retryAfterSeconds).toBeGreaterThan(100)
    expect((await llm.ask()).answer).toMatchObject({ status: 503, code: 'upstreams_unavailable' })
    expect(upstream.calls).toBe(1)
    expect(llm.budget()).toMatchObject({ usedTokens: 0, reservedTokens: 0, openCalls: 0 })
  })

  test('ends with the number of attempts', async () => {
    const upstream = await scripted({ does: 'fail', status: 503 })
    const { answer } = await llmOn(setupOf([upstream.baseUrl])).ask()
    expect(refusal(answer)).toMatchObject({ status: 502, code: 'upstream_failed', clientsRetry: false })
    expect(upstream.calls).toBe(3)
  })

  test('is not done for a request that is wrong; the upstream says what is', async () => {
    const upstream = await scripted({ does: 'fail', status: 400 })
    const { answer, record } = await llmOn(setupOf([upstream.baseUrl])).ask()
    expect(answer).toMatchObject({
      kind: 'refused_by_upstream',
      status: 400,
      body: { error: { type: 'scripted' } },
    })
    expect(upstream.calls).toBe(1)
    expect(record.settlement).toMatchObject({ outcome: 'upstream_refused', charge: 'used' })
    expect(record.chargedTokens).toBe(0)
  })
})

describe('an upstream', () => {
  test.each([
    ['sends more than is read', { does: 'huge_body', bytes: 5_000_000 }, 'too_large'],
    ['does not finish in its time', { does: 'answer', firstTokenMs: 5_000 }, 'total_timeout'],
    ['answers in another type', { does: 'wrong_content_type' }, 'bad_response'],
    ['sends headers alone', { does: 'headers_only' }, 'idle_timeout'],
    ['breaks off', { does: 'cut' }, 'connection'],
    ['points elsewhere', { does: 'redirect' }, 'redirect'],
    ['does not know the key', { does: 'fail', status: 401 }, 'misconfigured'],
  ] as const)('that %s is a failure: %o', async (_, behaviour, reason) => {
    const upstream = await scripted(behaviour)
    const setup = setupOf([upstream.baseUrl], {
      limits: { maxResponseBytes: 1_000_000 },
      retry: { attemptsPerUpstream: 1, firstDelayMs: 1, maxDelayMs: 1, totalMs: 3_000 },
    })
    const { answer, record } = await llmOn(setup).ask()
    expect(answer.ok).toBe(false)
    expect(record.attempts.map(({ failure }) => failure?.reason)).toEqual([reason])
    expect(JSON.stringify([answer, record.attempts])).not.toContain(KEY)
  })

  test('that cannot be connected is a failure', async () => {
    const gone = await scripted()
    await gone.close()
    const { record } = await llmOn(setupOf([gone.baseUrl])).ask()
    expect(record.attempts[0]!.failure).toEqual({
      reason: 'connection',
      message: 'the connection failed (ECONNREFUSED)',
    })
  })

  test.each([true, false])(
    'that repeats its key does not tell it to the agent (stream: %s)',
    async stream => {
      const upstream = await scripted({ does: 'repeat_authorization' })
      const { answer, text } = await llmOn(setupOf([upstream.baseUrl])).ask({ stream })
      const told = answer.ok && answer.kind === 'answered' ? answer.body.toString() : text
      expect(told).toContain('[key]')
      expect(told).not.toContain(KEY)
    },
  )

  test('that redirects is not followed', async () => {
    let followed = 0
    const elsewhere = createServer((_, response) => {
      followed += 1
      response.end()
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/chat/completions`
    const upstream = await scripted({ does: 'redirect', location })
    const { answer } = await llmOn(setupOf([upstream.baseUrl])).ask()
    expect(answer.ok).toBe(false)
    expect(followed).toBe(0)
    elsewhere.close()
  })

  test('has no more calls at once than its bound', async () => {
    const upstream = await scripted({ does: 'answer', firstTokenMs: 50 })
    const setup = setupOf([upstream.baseUrl], {}, { maxConcurrentCalls: 2 })
    const llm = llmOn(setup)
    let most = 0
    const watching = setInterval(() => {
      most = Math.max(most, llm.upstreams.get('first')!.openCalls)
    }, 1)
    const answers = await Promise.all(Array.from({ length: 6 }, () => llm.ask()))
    clearInterval(watching)
    expect(answers.every(({ answer }) => answer.ok)).toBe(true)
    expect(most).toBe(2)
  })
})

describe('a circuit', () => {
  test('opens by failures, sends nobody more, and fails fast without touching the budget', async () => {
    const upstream = await scripted({ does: 'fail' })
    const llm = llmOn(setupOf([upstream.baseUrl]))
    await llm.ask()
    await llm.ask()
    expect(llm.changes).toEqual([{ upstream: 'first', status: 'open', failures: 5 }])
    const callsBefore = upstream.calls
    const reservedBefore = llm.store.calls.size
    const { answer } = await llm.ask()
    expect(answer).toMatchObject({ status: 503, code: 'upstreams_unavailable', clientsRetry: false })
    expect(refusal(answer).retryAfterSeconds).toBeGreaterThan(50)
    expect(upstream.calls).toBe(callsBefore)
    expect(llm.store.calls.size).toBe(reservedBefore)
  })

  test('half open lets one probe through however many ask, and closes when that is answered', async () => {
    const upstream = await scripted({ does: 'fail' })
    const llm = llmOn(
      setupOf([upstream.baseUrl], {
        circuit: { failureRatio: 0.5, windowSeconds: 30, minimumCalls: 2, openSeconds: 0.2 },
        retry: { attemptsPerUpstream: 1, firstDelayMs: 1, maxDelayMs: 1, totalMs: 100 },
      }),
    )
    await llm.ask()
    await llm.ask()
    expect(llm.upstreams.get('first')!.circuit.status()).toBe('open')
    upstream.follow([{ does: 'answer', firstTokenMs: 100 }])
    const callsBefore = upstream.calls
    await vi.waitFor(() => expect(llm.upstreams.get('first')!.circuit.admitsInMs()).toBe(0), {
      timeout: PATIENCE_MS,
    })
    const answers = await Promise.all(Array.from({ length: 20 }, () => llm.ask()))
    expect(upstream.calls - callsBefore).toBe(1)
    expect(answers.filter(({ answer }) => answer.ok)).toHaveLength(1)
    expect(llm.changes.map(({ status }) => status)).toEqual(['open', 'half_open', 'closed'])
  })

  test('is not opened by what one agent alone provokes, nor kept closed by requests that are wrong', async () => {
    const words = { poison: 500, wrong: 400, fine: 200 }
    const upstream = createServer(async (request, response) => {
      const asked = (await request.toArray()).join('')
      const [, status] = Object.entries(words).find(([word]) => asked.includes(word))!
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ choices: [{ index: 0, message: { content: 'fine' } }] }))
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const { port } = upstream.address() as AddressInfo
    const llm = llmOn(setupOf([`http://127.0.0.1:${port}/v1`]))
    llm.store.budgets.set('other', { ...llm.budget() })
    const say = async (content: string, leaseId: string) =>
      (await llm.ask({ messages: [{ role: 'user', content }] }, { leaseId })).answer
    for (let round = 0; round < 5; round++) {
      expect(await say('fine', 'other')).toMatchObject({ kind: 'answered' })
      expect(await say('poison', 'lease')).toMatchObject({ code: 'upstream_failed' })
    }
    expect(llm.changes).toEqual([])

    words.fine = 500
    for (let n = 0; n < 40; n++) {
      expect(await say('wrong', 'lease')).toMatchObject({ kind: 'refused_by_upstream' })
    }
    for (let n = 0; n < 5; n++) await say('fine', 'other')
    expect(llm.changes.map(({ status }) => status)).toEqual(['open'])
    upstream.closeAllConnections()
    upstream.close()
  })

  test('open at one upstream leaves the call to the next', async () => {
    const [first, second] = [await scripted({ does: 'fail' }), await scripted()]
    const llm = llmOn(setupOf([first.baseUrl, second.baseUrl]))
    for (let call = 0; call < 8; call++) expect((await llm.ask()).answer.ok).toBe(true)
    expect(first.calls).toBe(5)
    expect(llm.changes).toHaveLength(1)
  })
})

test('a hundred calls at once never take a token more than the lease has', async () => {
  const upstream = await scripted({ does: 'answer', words: 40, firstTokenMs: 5 })
  const llm = llmOn(setupOf([upstream.baseUrl]), createMemoryLlmStore(2_000))
  const answers = await Promise.all(Array.from({ length: 100 }, () => llm.ask({ max_tokens: 100 })))
  const done = answers.filter(({ answer }) => answer.ok).length
  expect(done).toBeGreaterThan(0)
  expect(done).toBeLessThan(100)
  for (const { answer } of answers) if (!answer.ok) expect(answer.status).toBe(402)
  expect(llm.budget()).toMatchObject({ reservedTokens: 0, openCalls: 0 })
  expect(llm.budget().usedTokens).toBeLessThanOrEqual(2_000)
})

test('a caller that hangs up on an answer in one piece is charged its worst case', async () => {
  const upstream = await scripted({ does: 'answer', firstTokenMs: 1_000 })
  const llm = llmOn(setupOf([upstream.baseUrl]))
  const waiting = new AbortController()
  const asking = llm.ask({ max_tokens: 500 }, { signal: waiting.signal })
  await vi.waitFor(() => expect(upstream.calls).toBe(1), { timeout: PATIENCE_MS })
  waiting.abort()
  const { record } = await asking
  expect(record.settlement).toMatchObject({ outcome: 'client_gone', charge: 'reserved' })
  expect(llm.budget()).toMatchObject({ reservedTokens: 0, usedTokens: record.reserved!.tokens })
})
