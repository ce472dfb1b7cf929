const DECIMAL = /^(-?)(0|[1-9]\d{0,29})(?:\.(\d{1,18}))?$/
const FRACTION_DIGITS = 18

/**
 * A number or a decimal string as a whole number of 1e-18, exactly; null for anything else: exponents, leading zeros, more
 * than 30 digits before the point or 18 after it. So credits compare exactly, whatever their size.
 */
export function readExactDecimal(value: unknown): bigint | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const parts = DECIMAL.exec(String(value))
  if (parts === null) return null
  const [, sign, whole = '', fraction = ''] = parts
  const size = BigInt(whole + fraction.padEnd(FRACTION_DIGITS, '0'))
  return sign === '-' ? -size : size
}

/** An exact decimal as text without trailing zeros. */
export function formatExactDecimal(decimal: bigint): string {
  const size = decimal < 0n ? -decimal : decimal
  const digits = size.toString().padStart(FRACTION_DIGITS + 1, '0')
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '')
  const whole = digits.slice(0, -FRACTION_DIGITS)
  return `${decimal < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}
