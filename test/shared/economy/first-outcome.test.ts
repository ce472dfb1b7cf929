import { expect, test } from 'vitest'
import { answerAgain, contentText } from '../../../shared/economy/first-outcome.ts'

test('a replay has the first outcome, a refusal too; other content is a conflict', () => {
  const outcome = { ok: false, error: { code: 'insufficient_balance' } }
  expect(answerAgain({ sameContent: true, outcome }, 'k')).toBe(outcome)
  expect(answerAgain({ sameContent: false, outcome }, 'k')).toMatchObject({
    ok: false,
    error: { code: 'idempotency_conflict', field: 'key' },
  })
})

test('content is the same whatever the order of its keys, at every depth', () => {
  expect(contentText({ b: { d: 1n, c: [2, null] }, a: 'x' })).toBe('{"a":"x","b":{"c":[2,null],"d":"1"}}')
})
