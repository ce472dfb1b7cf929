import { expect, test } from 'vitest'
import { costMicro, countTokens, readUsage, spokenBytes } from '../../../shared/llm/usage.ts'

test.each([
  [
    { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    { promptTokens: 3, completionTokens: 4 },
  ],
  [
    { prompt_tokens: 3, completion_tokens: 4 },
    { promptTokens: 3, completionTokens: 4 },
  ],
  [
    { prompt_tokens: 3, completion_tokens: 4, total_tokens: 20 },
    { promptTokens: 3, completionTokens: 17 },
  ],
  [
    { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 99 } },
    { promptTokens: 10, cachedTokens: 10 },
  ],
])('usage %o is read', (told, usage) => {
  expect(readUsage(told)).toMatchObject({ ...usage, source: 'reported' })
})

test.each([
  null,
  undefined,
  'many',
  {},
  { prompt_tokens: 0, completion_tokens: 0 },
  { prompt_tokens: -1, completion_tokens: 5 },
  { prompt_tokens: 1.5, completion_tokens: 5 },
  { prompt_tokens: '3', completion_tokens: 4 },
  { prompt_tokens: 1e12, completion_tokens: 4 },
])('usage %o makes no sense', told => {
  expect(readUsage(told)).toBeNull()
})

test('tokens are counted by bytes, and never fewer than pieces', () => {
  expect([countTokens(0), countTokens(9), countTokens(4, 3)]).toEqual([0, 3, 3])
  expect(
    spokenBytes({
      role: 'assistant',
      content: 'äb',
      tool_calls: [{ id: 'x', function: { arguments: '{}' } }],
    }),
  ).toBe(5)
})

test('costs are exact and rounded up', () => {
  const usage = { promptTokens: 100, completionTokens: 7, cachedTokens: 40, source: 'reported' as const }
  expect(costMicro(usage, { input: 2_000_000n, output: 8_000_000n, cachedInput: 500_000n })).toBe(
    120n + 20n + 56n,
  )
  expect(costMicro({ ...usage, cachedTokens: 0 }, { input: 1n, output: 0n })).toBe(1n)
})
