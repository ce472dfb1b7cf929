/** Money in millionths of a currency, kept in a bigint. */
const MICRO = 1_000_000n
const DECIMAL = /^(\d{1,9})(?:\.(\d{1,6}))?$/

/** Reads a decimal from 0 with at most 9 digits before the point and 6 after it; null for anything else. */
export function readMoney(text: string): bigint | null {
  const parts = DECIMAL.exec(text)
  if (parts === null) return null
  const [, whole = '', fraction = ''] = parts
  return BigInt(whole) * MICRO + BigInt(fraction.padEnd(6, '0'))
}

/** Writes money with six digits after the point. */
export function formatMoney(micro: bigint): string {
  return `${micro / MICRO}.${(micro % MICRO).toString().padStart(6, '0')}`
}
