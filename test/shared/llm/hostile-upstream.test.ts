import { describe, expect, test } from 'vitest'
import { KEY, llmOn, setupOf } from './llm-under-test.ts'
import { createMemoryLlmStore } from './memory-llm-store.ts'
import {
  answerOf,
  chunkJson,
  chunkOf,
  DONE,
  forEver,
  hangUp,
  LAST_CHUNK,
  rawUpstream,
  reset,
  STREAM_HEAD,
  type Step,
} from './raw-upstream.ts'

const message = { role: 'assistant', content: 'fine' }
const completion = (more: object = {}) =>
  JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }], ...more })
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

/** Asks an upstream that does this once, and looks that nothing stays set aside, nothing is told twice, and no key gets out. */
async function askRaw(steps: readonly Step[], { stream = false, grantedTokens = 100_000 } = {}) {
  const setup = setupOf([await rawUpstream(...steps)], {
    limits: { maxResponseBytes: 3_000_000 },
    retry: { attemptsPerUpstream: 1, firstDelayMs: 1, maxDelayMs: 1, totalMs: 3_000 },
  })
  const llm = llmOn(setup, createMemoryLlmStore(grantedTokens))
  const told = await llm.ask({ stream })
  expect(llm.budget()).toMatchObject({ reservedTokens: 0, openCalls: 0 })
  expect(llm.budget().usedTokens).toBeLessThanOrEqual(grantedTokens)
  const calls = [...llm.store.calls.values()]
  expect(calls.map(({ settlement }) => settlement?.outcome)).toEqual([told.record.settlement!.outcome])
  expect(calls[0]!.charged).toBe(llm.budget().usedTokens)
  const seen = JSON.stringify([told.answer, told.text, told.record.attempts])
  expect(seen).not.toContain(KEY)
  return { ...told, llm, reason: told.record.attempts[0]?.failure?.reason, charged: calls[0]!.charged }
}

describe('an answer in one piece', () => {
  test.each<[string, string, ...Step[]]>([
    ['is no HTTP', 'connection', 'GARBAGE \0\x01 and more\r\n\r\n'],
    ['is nothing at all', 'connection', hangUp],
    ['is a broken connection', 'connection', reset],
    ['is cut before its length', 'connection', `${HEAD}content-length: 500\r\n\r\n{"choices":`, hangUp],
    [
      'is chunked in a way that is none',
      'connection',
      `${HEAD}transfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n`,
    ],
    ['is cut in a chunk', 'connection', `${HEAD}transfer-encoding: chunked\r\n\r\n40\r\n{"choi`, hangUp],
    ['has two lengths', 'connection', answerOf(completion(), ['content-length: 3'])],
    ['has a length and chunks', 'connection', answerOf(completion(), ['transfer-encoding: chunked'])],
    ['has headers without end', 'connection', HEAD, forEver(`x-more: ${'y'.repeat(4_000)}\r\n`, 1)],
    ['has headers byte by byte', 'total_timeout', HEAD, forEver('x', 100)],
    ['is announced for ever', 'total_timeout', forEver('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n', 50)],
    [
      'switches protocols',
      'connection',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['has no content', 'bad_response', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['is compressed although nobody asked', 'bad_response', answerOf('\x1f\x8b', ['content-encoding: gzip'])],
    ['redirects nowhere', 'redirect', answerOf('', [], '302 Found')],
    ['is an error with status 200', 'stream_error', answerOf('{"error":{"message":"overloaded"}}')],
    ['has no choices', 'bad_response', answerOf('{"choices":[]}')],
    ['has choices that are none', 'bad_response', answerOf('{"choices":"many"}')],
    ['is a list', 'bad_response', answerOf('[]')],
    ['is null', 'bad_response', answerOf('null')],
    ['is JSON and more', 'bad_response', answerOf(`${completion()} trailing`)],
    ['stops after its headers', 'idle_timeout', `${HEAD}content-length: 20\r\n\r\n`],
    ['drips too slowly', 'total_timeout', `${HEAD}content-length: 4000\r\n\r\n`, forEver(' ', 100)],
    ['has a status that is none', 'connection', 'HTTP/1.1 9999 What\r\n\r\n'],
    [
      'is too large in chunks',
      'too_large',
      `${HEAD}transfer-encoding: chunked\r\n\r\n`,
      forEver(`10000\r\n${' '.repeat(65_536)}\r\n`, 1),
    ],
    ['fails, and repeats the key', 'server_error', answerOf(`{"error":"${KEY}"}`, [], '500 Oops')],
  ])('that %s is a typed failure (%s), and charged nothing', async (_, reason, ...steps) => {
    const told = await askRaw(steps)
    expect(told.answer).toMatchObject({ ok: false, type: 'api_error' })
    expect(told.reason).toBe(reason)
    expect(told.charged).toBe(0)
  })

  test.each<[string, ...Step[]]>([
    ['comes after early hints', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n', answerOf(completion())],
    [
      'ends with its connection (HTTP/1.0)',
      `HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${completion()}`,
      hangUp,
    ],
    [
      'has a type with parameters',
      answerOf(completion()).replace('application/json', 'Application/JSON; charset=utf-8'),
    ],
    [
      'has chunks, extensions of them and trailers',
      `${HEAD}transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n`,
      `${completion().length.toString(16)};x="y"\r\n${completion()}\r\n0\r\nx-sum: 1\r\n\r\n`,
    ],
    [
      'comes in pieces',
      `${HEAD}connection: close\r\n\r\n`,
      completion().slice(0, 5),
      20,
      completion().slice(5),
      hangUp,
    ],
  ])('that %s is an answer', async (_, ...steps) => {
    const { answer } = await askRaw(steps)
    expect(answer).toMatchObject({ ok: true, kind: 'answered' })
    expect(answer.ok && answer.kind === 'answered' && answer.body.toString()).toBe(completion())
  })

  test('that begins with a byte order mark is read as clients read it', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4 }
    const { answer, charged } = await askRaw([answerOf(`\uFEFF${completion({ usage })}`)])
    expect(answer).toMatchObject({ ok: true, kind: 'answered' })
    expect(charged).toBe(7)
  })

  test('deeper than any stack is no crash', async () => {
    const body = `{"choices":[{"index":0,"message":${nested(50_000)}}]}`
    const { answer } = await askRaw([answerOf(body)])
    expect(answer.ok ? answer.kind : answer.type).toMatch(/^(answered|api_error)$/)
  })

  test('sent twice is no answer to the next call', async () => {
    const smuggled = answerOf(completion({ id: 'smuggled' }))
    const first = answerOf(completion({ id: 'first' }))
    const { answer, llm } = await askRaw([first + smuggled])
    expect(answer.ok && answer.kind === 'answered' && answer.body.toString()).toContain('first')
    const next = await llm.ask()
    if (next.answer.ok && next.answer.kind === 'answered') {
      expect(next.answer.body.toString()).toContain('first')
    }
  })

  test.each([
    ['a negative count', { prompt_tokens: -5, completion_tokens: 3 }],
    ['text', { prompt_tokens: '7', completion_tokens: '3' }],
    ['fractions', { prompt_tokens: 1.5, completion_tokens: 2 }],
    ['more than there is', { prompt_tokens: 1e300, completion_tokens: 1e300 }],
    ['nothing', null],
    ['a list', []],
    ['zeros', { prompt_tokens: 0, completion_tokens: 0 }],
  ])('that tells %s as its usage is counted', async (_, usage) => {
    const { record, charged } = await askRaw([answerOf(completion({ usage }))])
    expect(record.settlement!.usage.source).toBe('counted')
    expect(charged).toBeGreaterThan(0)
    expect(charged).toBeLessThan(200)
  })

  test('that claims more than it was allowed costs the lease no more than it has', async () => {
    const usage = { prompt_tokens: 999_999_999, completion_tokens: 999_999_999, total_tokens: -1 }
    const { charged } = await askRaw([answerOf(completion({ usage }))], { grantedTokens: 5_000 })
    expect(charged).toBe(5_000)
  })

  test.each([
    ['is missing', undefined, 1],
    ['is negative', '-5', 1],
    ['is enormous', '99999999999', 300],
    ['has more digits than a number', '9'.repeat(400), 300],
    ['is no number', 'soon', 1],
    ['is a date gone by', 'Fri, 31 Dec 1999 23:59:59 GMT', 1],
    ['is a date far off', 'Fri, 31 Dec 2999 23:59:59 GMT', 300],
    ['is empty', '', 1],
  ])(
    'with status 429 whose Retry-After %s is told with a time that makes sense',
    async (_, after, seconds) => {
      const headers = after === undefined ? [] : [`retry-after: ${after}`]
      const { answer } = await askRaw([answerOf('{}', headers, '429 Too Many Requests')])
      expect(answer).toMatchObject({ ok: false, status: 429, code: 'upstream_rate_limited' })
      expect(answer.ok ? 0 : answer.retryAfterSeconds).toBeGreaterThanOrEqual(1)
      expect(answer.ok ? 0 : answer.retryAfterSeconds).toBeLessThanOrEqual(seconds + 1)
    },
  )
})

describe('a stream', () => {
  const content = (text: string) =>
    text
      .split(/\r?\n\r?\n/)
      .flatMap(block => {
        const lines = block.split(/\r?\n/).filter(line => line.startsWith('data:'))
        const data = lines.map(line => line.slice(5).trim()).join('\n')
        return data.startsWith('{') ? [JSON.parse(data).choices?.[0]?.delta?.content ?? ''] : []
      })
      .join('')

  test.each<[string, ...Step[]]>([
    [
      'has CR LF',
      chunkOf('he').replaceAll('\n', '\r\n'),
      chunkOf('llo').replaceAll('\n', '\r\n'),
      LAST_CHUNK,
      DONE,
    ],
    [
      'has comments and fields that nobody knows',
      ': ping\n\n',
      `id: 7\nevent: x\nretry: 9\n${chunkOf('hello')}`,
      ':\n\n',
      LAST_CHUNK,
      DONE,
    ],
    ['begins with a byte order mark', `\uFEFF${chunkOf('hello')}`, LAST_CHUNK, DONE],
    [
      'has no blank after its colons',
      chunkOf('hello').replace('data: ', 'data:'),
      LAST_CHUNK,
      'data:[DONE]\n\n',
    ],
    [
      'has an event over several lines',
      chunkJson('hello').replace('{"object', 'data: {"object').replace(',"choices"', '\ndata: ,"choices"'),
      '\n\n',
      LAST_CHUNK,
      DONE,
    ],
    [
      'has events without data',
      'data:\n\n',
      chunkOf('hel'),
      'data: \n\n',
      'event: ping\ndata\n\n',
      chunkOf('lo'),
      LAST_CHUNK,
      DONE,
    ],
    [
      'goes on after its end',
      chunkOf('hello'),
      LAST_CHUNK,
      DONE,
      chunkOf('more'),
      'data: nonsense\n\n',
      DONE,
    ],
    ['never says that it is done', chunkOf('hello'), LAST_CHUNK],
    ['comes byte by byte', ...[...`${chunkOf('hello')}${LAST_CHUNK}`].map(one => one as Step), DONE],
    [
      'lies about its usage',
      chunkOf('hello', { usage: { prompt_tokens: -1, completion_tokens: 'x' } }),
      LAST_CHUNK,
      DONE,
    ],
  ])('that %s is told whole, and its end once', async (_, ...steps) => {
    const { answer, text, record, charged } = await askRaw([STREAM_HEAD, ...steps, hangUp], { stream: true })
    expect(answer).toEqual({ ok: true, kind: 'streamed' })
    expect(content(text)).toBe('hello')
    expect(text).not.toMatch(/^data:? ?\r?$/m)
    expect(text.split('[DONE]')).toHaveLength(2)
    expect(text.endsWith(DONE)).toBe(true)
    expect(record.settlement!.outcome).toBe('completed')
    expect(charged).toBeGreaterThan(0)
  })

  const usage = { prompt_tokens: 10, completion_tokens: 2 }
  test.each<[string, number, ...Step[]]>([
    ['once, and goes on', 12 + 1_000, chunkOf('hello', { usage }), chunkOf('x'.repeat(4_000))],
    [
      'twice',
      27,
      chunkOf('hello', { usage }),
      chunkOf(' you', { usage: { ...usage, completion_tokens: 17 } }),
    ],
    ['with its last word', 12, chunkOf('x'.repeat(400), { usage })],
  ])('that tells its usage %s is charged %i tokens', async (_, tokens, ...steps) => {
    const { charged } = await askRaw([STREAM_HEAD, ...steps, LAST_CHUNK, DONE, hangUp], { stream: true })
    expect(charged).toBe(tokens)
  })

  test.each<[string, string, ...Step[]]>([
    ['says that it is done at once', 'bad_response', DONE],
    ['says nothing', 'bad_response'],
    ['has comments alone', 'first_token_timeout', forEver(': ping\n\n', 20)],
    ['begins with nonsense', 'bad_response', 'data: nonsense\n\n'],
    ['begins with an error', 'stream_error', 'data: {"error":{"message":"no"}}\n\n'],
    ['begins with an event without end', 'too_large', 'data: ', 'x'.repeat(2_000_000)],
  ])('that %s before its first word is a typed failure (%s)', async (_, reason, ...steps) => {
    const told = await askRaw([STREAM_HEAD, ...steps, hangUp], { stream: true })
    expect(told.answer).toMatchObject({ ok: false, type: 'api_error' })
    expect(told.reason).toBe(reason)
    expect(told.text).toBe('')
    expect(told.charged).toBe(0)
  })

  test('that answers in one piece is a typed failure', async () => {
    const told = await askRaw([answerOf(completion())], { stream: true })
    expect([told.answer.ok, told.reason]).toEqual([false, 'bad_response'])
  })

  test.each<[string, ...Step[]]>([
    ['goes on with nonsense', 'data: nonsense\n\n'],
    ['goes on with a list', 'data: []\n\n'],
    ['goes on with an error', `data: {"error":{"message":"${KEY}"}}\n\n`],
    ['goes on with an event without end', 'data: ', 'x'.repeat(2_000_000)],
    ['falls silent', 600],
    ['is reset', reset],
    ['ends', hangUp],
    ['is deeper than any stack', `data: {"choices":[{"index":0,"delta":${nested(50_000)}}]}\n\n`, hangUp],
  ])(
    'that has begun and %s ends with an error event and is charged for what was told',
    async (_, ...steps) => {
      const { answer, text, record, charged } = await askRaw([STREAM_HEAD, chunkOf('hello'), 20, ...steps], {
        stream: true,
      })
      expect(answer).toEqual({ ok: true, kind: 'streamed' })
      expect(text).toContain('hello')
      expect(text).not.toContain('[DONE]')
      expect(text).toContain('"code":"upstream_failed"')
      expect(record.settlement!.outcome).toBe('upstream_cut')
      expect(charged).toBeGreaterThan(0)
    },
  )
})
