import { describe, expect, test } from 'vitest'
import { tokenProblem } from '../../../shared/identity/refuse-token.ts'
import { hashToken, kindOfToken, newToken } from '../../../shared/identity/token.ts'

describe('a token', () => {
  test('begins alike for all of a kind, and is never the same twice', () => {
    const tokens = Array.from({ length: 1_000 }, () => newToken('agent'))
    expect(tokens.every(token => /^bourse_agent_[0-9a-f]{64}$/.test(token))).toBe(true)
    expect(new Set(tokens).size).toBe(tokens.length)
    expect(kindOfToken(tokens[0]!)).toBe('agent')
    expect(kindOfToken(newToken('lease'))).toBe('lease')
  })

  test('is kept as its hash', () => {
    expect(hashToken('bourse_agent_0').toString('hex')).toHaveLength(64)
    expect(hashToken('a').equals(hashToken('a'))).toBe(true)
    expect(hashToken('a').equals(hashToken('b'))).toBe(false)
  })

  test.each([
    '',
    'bourse_agent_',
    `bourse_agent_${'0'.repeat(63)}`,
    `bourse_agent_${'0'.repeat(64)}\n`,
    'x\0',
  ])('that cannot be one is refused without a look: %j', text =>
    expect(tokenProblem(text, 'agent')?.error.code).toBe('unknown_token'),
  )

  test('of the other kind is refused as such', () => {
    expect(tokenProblem(newToken('lease'), 'agent')?.error.code).toBe('wrong_token')
    expect(tokenProblem(newToken('agent'), 'agent')).toBeNull()
  })
})
