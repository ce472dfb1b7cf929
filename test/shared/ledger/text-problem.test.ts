import { expect, test } from 'vitest'
import { textProblem } from '../../../shared/ledger/text-problem.ts'

test('a request in plain text is taken', () => {
  expect(textProblem({ from: 'ann', key: null, amountMicro: 1n, purpose: '' })).toBeNull()
  expect(textProblem({ key: 'k'.repeat(200), purpose: 'für die Mühe' })).toBeNull()
})

test.each([
  ['key', ''],
  ['key', 'k'.repeat(201)],
  ['key', 'a\u0000'],
  ['purpose', '\ud800'],
  ['purpose', 'p'.repeat(1001)],
  ['from', 'ann\n'],
])('a %s that no database takes is refused', (field, text) => {
  expect(textProblem({ [field]: text })).toMatchObject({ ok: false, error: { code: 'invalid_text', field } })
})

test('characters are counted as schemas and the database count them', () => {
  expect(textProblem({ key: '😀'.repeat(200) })).toBeNull()
  expect(textProblem({ key: '😀'.repeat(201) })).toMatchObject({ error: { code: 'invalid_text' } })
})
