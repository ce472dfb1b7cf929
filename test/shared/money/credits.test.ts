import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  amountProblem,
  formatCredits,
  MAX_AMOUNT_MICRO,
  MAX_MINTED_MICRO,
  readAmount,
  readCredits,
} from '../../../shared/money/credits.ts'

const micro = (input: unknown) => {
  const reading = readCredits(input)
  return reading.ok ? reading.micro : reading.problem
}

describe('reading credits', () => {
  it('takes decimal strings and exact numbers', () => {
    expect(micro('25')).toBe(25_000_000n)
    expect(micro('0.000001')).toBe(1n)
    expect(micro('1.50')).toBe(1_500_000n)
    expect(micro('-3.25')).toBe(-3_250_000n)
    expect(micro(0.1)).toBe(100_000n)
    expect(micro(1e-6)).toBe(1n)
    expect(micro(-0)).toBe(0n)
    expect(micro('9000000000000')).toBe(MAX_MINTED_MICRO)
    expect(micro(9_007_199_254.5)).toBe(9_007_199_254_500_000n)
  })

  it.each([
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '1.',
    '1,5',
    '1e3',
    '0x10',
    '0.0000001',
    '1.0000000',
    'NaN',
    'Infinity',
    '٣',
    '1\n',
    '9000000000000.000001',
    '9'.repeat(1_000),
    1e-7,
    0.1 + 0.2,
    1e21,
    1e12,
    9_007_199_254.740992,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    10n,
    {},
    ['1'],
  ])('refuses %s', input => {
    const reading = readCredits(input)
    expect(reading.ok).toBe(false)
    expect((reading as { problem: string }).problem.length).toBeLessThan(150)
  })

  it('reads back what it formats, and formats each value in one way only', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -MAX_MINTED_MICRO, max: MAX_MINTED_MICRO }), value => {
        const text = formatCredits(value)
        expect(micro(text)).toBe(value)
        expect(text).not.toMatch(/\.\d*0$|\.$|^-0$/)
      }),
    )
  })

  it('reads a number as the string that prints it', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }), value => {
        expect(micro(value / 1_000_000)).toBe(BigInt(value))
      }),
    )
  })
})

describe('an amount', () => {
  it('is from one micro-credit to 1e12 credits', () => {
    expect(readAmount('0.000001').ok).toBe(true)
    expect(readAmount('1000000000000').ok).toBe(true)
    expect(readAmount('0')).toEqual({ ok: false, problem: 'an amount is at least 0.000001 credits' })
    expect(readAmount('-1').ok).toBe(false)
    expect(readAmount('1000000000000.000001').ok).toBe(false)
    expect(amountProblem(MAX_AMOUNT_MICRO)).toBeNull()
    expect(amountProblem(MAX_AMOUNT_MICRO + 1n)).toBe('an amount is at most 1000000000000 credits')
  })
})

describe('formatting credits', () => {
  it('shows no trailing zeros and no exponent', () => {
    expect([0n, 1n, -1n, 1_500_000n, -10_000_000n, MAX_MINTED_MICRO].map(formatCredits)).toEqual([
      '0',
      '0.000001',
      '-0.000001',
      '1.5',
      '-10',
      '9000000000000',
    ])
  })
})
