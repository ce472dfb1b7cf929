import { describe, expect, test } from 'vitest'
import {
  LlmConfigError,
  longestCallMs,
  modelNames,
  readLlmConfig,
  routesTo,
} from '../../../shared/llm/llm-config.ts'

const model = {
  name: 'small',
  contextTokens: 1_000,
  maxOutputTokens: 100,
  price: { input: '0.15', output: 2 },
}
const upstream = { name: 'one', baseUrl: 'https://example.test/v1/', keyVariable: 'ONE_KEY', models: [model] }

test('an upstream needs little; the rest has defaults', () => {
  const { config, keys } = readLlmConfig(JSON.stringify({ upstreams: [upstream] }), { ONE_KEY: 'sk-1' })
  expect(config.upstreams[0]).toMatchObject({
    baseUrl: 'https://example.test/v1',
    maxTokensParameter: 'max_tokens',
  })
  expect(config.upstreams[0]!.models[0]!.price).toEqual({ input: 150_000n, output: 2_000_000n })
  expect(keys.get('one')).toBe('sk-1')
  expect(longestCallMs(config)).toBe(150_000)
})

test('a model is served by every upstream that names it, in their order', () => {
  const two = {
    ...upstream,
    name: 'two',
    models: [
      { ...model, upstreamName: 'tiny' },
      { ...model, name: 'large' },
    ],
  }
  const { config } = readLlmConfig(JSON.stringify({ upstreams: [upstream, two] }), { ONE_KEY: 'k' })
  expect(routesTo(config, 'small').map(route => route.upstream.name)).toEqual(['one', 'two'])
  expect(modelNames(config)).toEqual(['small', 'large'])
})

describe('a problem names its place', () => {
  test.each([
    ['not JSON', '{', 'the file'],
    ['an unknown key', { upstream: [] }, 'the file'],
    [
      'a base URL of another kind',
      { upstreams: [{ ...upstream, baseUrl: 'file:///etc/passwd' }] },
      'upstreams.0.baseUrl',
    ],
    [
      'a base URL with a password',
      { upstreams: [{ ...upstream, baseUrl: 'https://u:p@x.test' }] },
      'upstreams.0.baseUrl',
    ],
    [
      'a price with too many digits',
      { upstreams: [{ ...upstream, models: [{ ...model, price: { input: '0.0000001', output: 1 } }] }] },
      'upstreams.0.models.0.price.input',
    ],
    [
      'two upstreams of one name',
      { upstreams: [upstream, upstream] },
      'upstreams: upstream names must differ',
    ],
    ['a missing key', { upstreams: [{ ...upstream, keyVariable: 'NO_SUCH_KEY' }] }, 'NO_SUCH_KEY is not set'],
    ['a key that is none', { upstreams: [upstream] }, 'ONE_KEY is no key'],
  ])('%s', (_, file, place) => {
    const text = typeof file === 'string' ? file : JSON.stringify(file)
    const read = () => readLlmConfig(text, { ONE_KEY: 'sk-secret\nwith a line break' })
    expect(read).toThrow(LlmConfigError)
    expect(read).toThrow(place)
    expect(read).not.toThrow('sk-secret')
  })
})
