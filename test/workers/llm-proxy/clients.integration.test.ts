import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startScriptedUpstream } from '../../../workers/scripted-upstream/server.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { leaseTokens, readBudget } from './leased-tokens.ts'
import { configOf, startProxy } from './proxy-process.ts'
import { pythonWithOpenAi } from './python-client.ts'

const { db, url } = await ownDatabase()
const upstream = await startScriptedUpstream()
const down = await startScriptedUpstream({ script: [{ does: 'fail', status: 500 }] })
const structured = await startScriptedUpstream({
  script: [{ does: 'answer', text: '{"bid": 25, "why": "it fits"}' }],
})
const limits = { contextTokens: 1_000, maxOutputTokens: 100, price: { input: 0, output: 0 } }
const proxy = await startProxy(url, {
  ...configOf([upstream.baseUrl]),
  upstreams: [
    ...(configOf([upstream.baseUrl]) as { upstreams: object[] }).upstreams,
    {
      name: 'down',
      baseUrl: down.baseUrl,
      models: [{ name: 'broken', ...limits }],
    },
    {
      name: 'structured',
      baseUrl: structured.baseUrl,
      models: [{ name: 'structured', ...limits }],
    },
  ],
})
const messages = [{ role: 'user' as const, content: 'say something' }]
const python = await pythonWithOpenAi()

async function client(grantedTokens = 60_000, rules = {}) {
  const lease = await leaseTokens(db, grantedTokens, rules)
  return { lease, openai: new OpenAI({ baseURL: proxy.url, apiKey: lease.token, maxRetries: 0 }) }
}

beforeEach(() => upstream.follow([{ does: 'answer' }]))

describe("OpenAI's client for TypeScript", () => {
  test('completes, and the lease is charged by the time it knows', async () => {
    const { openai, lease } = await client()
    const completion = await openai.chat.completions.create({
      model: 'small',
      messages,
      seed: 7,
      logprobs: true,
      top_logprobs: 2,
    })
    expect(completion.choices[0]!.message.content).toContain('word7')
    expect(await readBudget(db, lease.leaseId)).toMatchObject({
      used: completion.usage!.total_tokens,
      reserved: 0,
      open: 0,
    })
    expect(upstream.seen.at(-1)!.body).toMatchObject({ seed: 7, logprobs: true, top_logprobs: 2 })
  })

  test('streams, with and without usage', async () => {
    const { openai, lease } = await client()
    upstream.follow([{ does: 'answer', words: 5, dripMs: 2 }])
    const stream = await openai.chat.completions.create({ model: 'small', messages, stream: true })
    let text = ''
    for await (const chunk of stream) {
      expect(chunk.choices).toHaveLength(1)
      text += chunk.choices[0]!.delta.content ?? ''
    }
    expect(text).toBe('word0 word1 word2 word3 word4 ')
    const before = await readBudget(db, lease.leaseId)
    expect(before).toMatchObject({ reserved: 0, open: 0 })
    const counted = openai.chat.completions.stream({
      model: 'small',
      messages,
      stream_options: { include_usage: true },
    })
    const { usage } = await counted.finalChatCompletion()
    expect((await readBudget(db, lease.leaseId)).used - before.used).toBe(usage!.total_tokens)
  })

  test('uses tools, in one piece and streamed', async () => {
    const { openai } = await client()
    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'weather',
          parameters: { type: 'object', properties: { place: { type: 'string' } } },
        },
      },
    ]
    const asked = { model: 'small', messages, tools, tool_choice: 'required' as const }
    const whole = await openai.chat.completions.create(asked)
    expect(whole.choices[0]!.message.tool_calls![0]).toMatchObject({
      function: { name: 'weather', arguments: '{"place":"here"}' },
    })
    const streamed = await openai.chat.completions.stream(asked).finalChatCompletion()
    expect(streamed.choices[0]!.message.tool_calls![0]).toMatchObject({ function: { name: 'weather' } })
    expect(upstream.seen.at(-1)!.body.tools).toEqual(tools)
  })

  test('reads structured output', async () => {
    const { openai } = await client()
    upstream.follow([{ does: 'answer', text: '{"bid": 25, "why": "it fits"}' }])
    const schema = z.object({ bid: z.number(), why: z.string() })
    const completion = await openai.chat.completions.parse({
      model: 'small',
      messages,
      response_format: zodResponseFormat(schema, 'decision'),
    })
    expect(completion.choices[0]!.message.parsed).toEqual({ bid: 25, why: 'it fits' })
    expect(upstream.seen.at(-1)!.body).toHaveProperty('response_format.json_schema.strict', true)
  })

  test('lists models', async () => {
    const { openai } = await client()
    const names = []
    for await (const model of openai.models.list()) names.push(model.id)
    expect(names).toEqual(['small', 'broken', 'structured'])
    expect(await openai.models.retrieve('small')).toMatchObject({ id: 'small', object: 'model' })
    await expect(openai.models.retrieve('none')).rejects.toThrow(OpenAI.NotFoundError)
  })

  test.each([
    [
      'a token nobody has',
      OpenAI.AuthenticationError,
      'unknown_token',
      { apiKey: `bourse_lease_${'0'.repeat(64)}` },
      {},
    ],
    ['a token that is none', OpenAI.AuthenticationError, 'unknown_token', { apiKey: 'sk-something' }, {}],
    ['an unknown model', OpenAI.NotFoundError, 'model_not_found', {}, { model: 'none' }],
    ['a wrong request', OpenAI.BadRequestError, 'invalid_request', {}, { n: 1_000 }],
    [
      'a broken upstream',
      OpenAI.InternalServerError,
      'upstream_failed',
      { maxRetries: 2 },
      { model: 'broken' },
    ],
  ])('throws what it throws for %s', async (_, kind, code, options, fields) => {
    const { openai } = await client()
    const error = await openai
      .withOptions(options)
      .chat.completions.create({ model: 'small', messages, ...fields })
      .catch(thrown => thrown)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ code })
  })

  test('throws 402 with what was left and what was asked', async () => {
    const { openai } = await client(60)
    const error = await openai.chat.completions
      .create({ model: 'small', messages, max_tokens: 50 })
      .catch(thrown => thrown)
    expect(error).toMatchObject({ status: 402, code: 'lease_tokens_used_up', type: 'insufficient_quota' })
    expect(error.error).toMatchObject({
      granted: 60,
      left: 60,
      asked: expect.any(Number),
      needed: expect.any(Number),
    })
  })

  test('throws RateLimitError with Retry-After for what a market may spend', async () => {
    const { openai } = await client(60_000, { llmTokensPerMinute: 200 })
    const error = await untilThrown(() => openai.chat.completions.create({ model: 'small', messages }))
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect((error as { code: string }).code).toBe('market_limit_reached')
    expect(Number((error as { headers: Headers }).headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('throws PermissionDeniedError for a frozen agent', async () => {
    const { openai, lease } = await client()
    await db.query('update agents set frozen = true where market_id = $1', [lease.marketId])
    await expect(openai.chat.completions.create({ model: 'small', messages })).rejects.toThrow(
      OpenAI.PermissionDeniedError,
    )
  })

  test('throws APIError where a stream is cut, after what was told', async () => {
    const { openai } = await client()
    upstream.follow([{ does: 'cut', words: 6 }])
    const stream = await openai.chat.completions.create({ model: 'small', messages, stream: true })
    let pieces = 0
    const reading = async () => {
      for await (const _ of stream) pieces += 1
    }
    await expect(reading()).rejects.toThrow(OpenAI.APIError)
    expect(pieces).toBeGreaterThan(0)
  })

  test('hangs up, and its upstream is hung up on', async () => {
    const { openai, lease } = await client()
    upstream.follow([{ does: 'answer', words: 5_000, dripMs: 5 }])
    const stream = await openai.chat.completions.create({ model: 'small', messages, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content?.includes('word3')) break
    await expect.poll(() => upstream.seen.at(-1)!.wasAborted, { timeout: PATIENCE_MS }).toBe(true)
    await expect
      .poll(async () => (await readBudget(db, lease.leaseId)).open, { timeout: PATIENCE_MS })
      .toBe(0)
    const budget = await readBudget(db, lease.leaseId)
    expect(budget).toMatchObject({ reserved: 0 })
    expect(budget.used).toBeGreaterThan(3)
    expect(budget.used).toBeLessThan(1_000)
  })
})

test.skipIf(python.skipped !== null)(
  `OpenAI's client for Python works unchanged${python.skipped === null ? '' : ` (skipped: ${python.skipped})`}`,
  async () => {
    const { lease } = await client()
    const poor = await client(60)
    const told = await python.run(new URL('./python_client.py', import.meta.url), {
      OPENAI_BASE_URL: proxy.url,
      OPENAI_API_KEY: lease.token,
      POOR_TOKEN: poor.lease.token,
    })
    expect(told).toEqual({
      answer: 'word0 word1 word2 word3 word4 word5 word6 word7 ',
      streamed: 'word0 word1 word2 word3 word4 word5 word6 word7 ',
      stream_usage: true,
      tool: 'weather',
      streamed_tool: ['weather', { place: 'here' }],
      parsed: { bid: 25, why: 'it fits' },
      parsed_stream: { bid: 25, why: 'it fits' },
      at_once: [8, 8, 8, 8],
      models: ['small', 'broken', 'structured'],
      wrong_token: 'AuthenticationError unknown_token',
      unknown_model: 'NotFoundError model_not_found',
      used_up: 'APIStatusError 402 lease_tokens_used_up',
      bad_request: 'BadRequestError invalid_request',
      broken: 'InternalServerError upstream_failed',
    })
  },
)

async function untilThrown(act: () => Promise<unknown>): Promise<unknown> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await act()
    } catch (error) {
      return error
    }
  }
  return null
}
