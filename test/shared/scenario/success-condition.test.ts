import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, namesIn, parseSuccessCondition } from '../../../shared/scenario/success-condition.ts'
import type { ResultValue } from '../../../shared/scenario/verdict.ts'

const results: Record<string, ResultValue> = {
  yes: true,
  no: false,
  score: 3.5,
  'offer.total_cost': '60',
  text: 'a',
}

function holds(text: string): boolean {
  const read = parseSuccessCondition(text)
  if (!read.ok) throw new Error(read.error.message)
  return evaluate(read.expression, name => results[name] ?? null)
}

describe('a success condition', () => {
  it.each([
    ['yes', true],
    ['no', false],
    ['unknown', false],
    ['score', false],
    ['NOT no', true],
    ['not not yes', true],
    ['yes AND no', false],
    ['yes or no and no', true],
    ['(yes OR no) AND no', false],
    ['score >= 3.5', true],
    ['score>3.5', false],
    ['3 < score', true],
    ['offer.total_cost == 60.0', true],
    ['offer.total_cost <= score', false],
    ['unknown != 5', false],
    ['NOT unknown.path >= 1', true],
  ])('%s: %s', (text, expected) => {
    expect(holds(text)).toBe(expected)
  })

  it.each([
    ['', 1],
    ['yes AND', 8],
    ['yes no', 5],
    ['(yes', 5],
    ['yes)', 4],
    ['5', 1],
    ['yes && no', 5],
    ['yes; process.exit()', 4],
    ['a >= AND', 6],
    [`${'('.repeat(100)}yes`, 34],
  ])('cannot be %j, and says at which column', (text, column) => {
    expect(parseSuccessCondition(text)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining(`column ${column}:`) },
    })
  })

  it('names what it needs', () => {
    const read = parseSuccessCondition('a AND NOT (b OR c.d >= 5) AND a')
    expect(read.ok && namesIn(read.expression)).toEqual(['a', 'b', 'c.d'])
  })

  it('is read or refused, whatever the text', () => {
    const words = fc.array(fc.constantFrom('a', 'b.c', 'AND', 'OR', 'NOT', '(', ')', '>=', '1', '!', '\n'), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          words.map(all => all.join(' ')),
        ),
        text => {
          const read = parseSuccessCondition(text)
          if (read.ok) evaluate(read.expression, () => null)
          else expect(read.error.code).toBe('invalid_condition')
        },
      ),
    )
  })
})
