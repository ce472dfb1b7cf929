import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChatRequest } from '../../../shared/llm/chat-request.ts'
import { routesTo } from '../../../shared/llm/llm-config.ts'
import { upstreamBody } from '../../../shared/llm/upstream-body.ts'
import { worstCaseOf } from '../../../shared/llm/worst-case.ts'
import { setupOf } from './llm-under-test.ts'

const messages = [{ role: 'user', content: 'hello' }]
const { config } = setupOf(['http://127.0.0.1:1/v1'])
const [route] = routesTo(config, 'small')

describe('a request is refused', () => {
  test.each([
    ['without an object', [], undefined],
    ['without a model', { messages }, 'model'],
    ['without messages', { model: 'small' }, 'messages'],
    ['with no message', { model: 'small', messages: [] }, 'messages'],
    ['with messages that are none', { model: 'small', messages: ['hi'] }, 'messages'],
    ['with n of nothing', { model: 'small', messages, n: 0 }, 'n'],
    ['with n above 128', { model: 'small', messages, n: 129 }, 'n'],
    ['with a broken limit', { model: 'small', messages, max_tokens: -1 }, 'max_tokens'],
    [
      'with a fractional limit',
      { model: 'small', messages, max_completion_tokens: 1.5 },
      'max_completion_tokens',
    ],
    ['with stream as text', { model: 'small', messages, stream: 'yes' }, 'stream'],
    ['with stream_options as text', { model: 'small', messages, stream_options: 'all' }, 'stream_options'],
  ])('%s', (_, body, param) => {
    expect(readChatRequest(body)).toMatchObject({
      ok: false,
      status: 400,
      type: 'invalid_request_error',
      ...(param && { param }),
    })
  })

  test.each(['documents', 'metadata', 'logit_bias', 'stop'])(
    'nested without end in %s, which would fail at the upstreams and speak against them',
    field => {
      for (const deep of [257, 5_000, 100_000]) {
        const value = JSON.parse(`${'['.repeat(deep)}${']'.repeat(deep)}`)
        expect(readChatRequest({ model: 'small', messages, [field]: value }), String(deep)).toMatchObject({
          code: 'invalid_request',
        })
      }
    },
  )

  test.each([
    ['models', ['dear']],
    ['fallbacks', [{ model: 'dear' }]],
    ['api_base', 'http://169.254.169.254/'],
    ['best_of', 20],
    ['web_search_options', {}],
    ['service_tier', 'priority'],
  ])('that would have an upstream do by %s what budget and routing know nothing of', (param, value) => {
    expect(readChatRequest({ model: 'small', messages, [param]: value })).toMatchObject({
      code: 'invalid_request',
      param,
    })
    expect(readChatRequest({ model: 'small', messages, [param]: null })).toMatchObject({ ok: true })
  })

  test('with parts that say not what they are', () => {
    const typeless = [{ role: 'user', content: [{ image_url: { url: 'https://example.test/a.png' } }] }]
    expect(worst({ messages: typeless })).toMatchObject({ code: 'unsupported_content' })
    expect(worst({ messages: [{ role: 'user', content: ['hello'] }] })).toMatchObject({ ok: true })
  })

  test('with parts of which nobody knows how many tokens they take', () => {
    const image = [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.test/a.png' } }] },
    ]
    expect(worst({ messages: image })).toMatchObject({ code: 'unsupported_content', param: 'messages' })
    const bounded = { ...route!, model: { ...route!.model, contentPartTokens: { image_url: 700 } } }
    const read = readChatRequest({ model: 'small', messages: image })
    if (!read.ok) throw new Error(read.message)
    const found = worstCaseOf(read.request, [bounded])
    expect(found.ok && found.worst.promptTokens).toBeGreaterThan(700)
    expect(found.ok && found.worst.promptTokens).toBeLessThan(900)
  })
})

test('the prompt is bounded by the bytes of everything that may be read', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 500 }), fc.string({ maxLength: 500 }), (text, tool) => {
      const found = worst({
        messages: [{ role: 'user', content: [{ type: 'text', text }] }],
        tools: [{ type: 'function', function: { name: 'f', description: tool } }],
        unknown_to_us: tool,
      })
      const promptTokens = found.ok ? found.worst.promptTokens : 0
      expect(promptTokens).toBeGreaterThanOrEqual(Buffer.byteLength(text) + 2 * Buffer.byteLength(tool))
    }),
  )
})

test('a part of the prompt is counted whatever its name', () => {
  const text = 'x'.repeat(900)
  const body = JSON.parse(
    `{"model":"small","messages":${JSON.stringify(messages)},"__proto__":{"a":"${text}"}}`,
  )
  const read = readChatRequest(body)
  expect(read.ok && read.request.promptBytes).toBeGreaterThan(900)
})

test('a prompt beyond the context is bounded by it, an answer by the model', () => {
  expect(worst({ messages: [{ role: 'user', content: 'x'.repeat(50_000) }] })).toMatchObject({
    worst: { promptTokens: 8_000, outputTokens: 1_000, choices: 1 },
  })
  expect(worst({ max_tokens: 50, max_completion_tokens: 20, n: 3 })).toMatchObject({
    worst: { outputTokens: 20, choices: 3 },
  })
})

test('all that is no matter of budget or routing reaches the upstream as it was', () => {
  const known = ['model', 'max_tokens', 'max_completion_tokens', 'n', 'stream', 'stream_options', 'messages']
  const other = fc.dictionary(
    fc.string().filter(name => !known.includes(name) && name !== '__proto__'),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(other, more => {
      const read = readChatRequest({ ...more, model: 'small', messages })
      if (!read.ok) throw new Error(read.message)
      const sent = JSON.parse(upstreamBody(read.request, route!, 10))
      expect(sent).toEqual(JSON.parse(JSON.stringify({ ...more, model: 'small', messages, max_tokens: 10 })))
    }),
  )
})

function worst(fields: object) {
  const read = readChatRequest({ model: 'small', messages, ...fields })
  return read.ok ? worstCaseOf(read.request, [route!]) : read
}
