/** One credit is a million micro-credits; money is always a whole number of micro-credits in a bigint. */
export const MICRO_PER_CREDIT = 1_000_000n

/** The smallest and the largest amount anybody may bid, pay or transfer: 1 micro-credit and 1e12 credits. */
export const MIN_AMOUNT_MICRO = 1n
export const MAX_AMOUNT_MICRO = 1_000_000_000_000n * MICRO_PER_CREDIT

/** The most that is ever minted in one market, 9e12 credits: every balance fits Postgres's BIGINT. */
export const MAX_MINTED_MICRO = 9_000_000_000_000n * MICRO_PER_CREDIT

const DECIMAL = /^(-?)(\d{1,13})(?:\.(\d{1,6}))?$/
const MAX_SHOWN_CHARACTERS = 40

export type CreditsReading = { ok: true; micro: bigint } | { ok: false; problem: string }

/**
 * Reads credits from outside: a decimal string with at most 6 fraction digits, or a number that says exactly the
 * same (no exponent when printed, and not above 2^53-1 micro-credits). A minus sign is read; whether it is allowed
 * is the caller's rule. No more than 9e12 credits are read, because no market has more.
 */
export function readCredits(input: unknown): CreditsReading {
  if (typeof input !== 'string' && typeof input !== 'number') {
    return { ok: false, problem: 'credits must be a decimal string or a number' }
  }
  const parts = DECIMAL.exec(String(input))
  if (parts === null) {
    return {
      ok: false,
      problem: `${shown(input)} is not a decimal number of credits with at most 13 digits before the point and 6 after it`,
    }
  }
  const [, sign, whole = '', fraction = ''] = parts
  const size = BigInt(whole) * MICRO_PER_CREDIT + BigInt(fraction.padEnd(6, '0'))
  if (typeof input === 'number' && size > BigInt(Number.MAX_SAFE_INTEGER)) {
    return {
      ok: false,
      problem: `${shown(input)} is too large to be exact as a number: write it as a string`,
    }
  }
  if (size > MAX_MINTED_MICRO) {
    return {
      ok: false,
      problem: `${shown(input)} is more than the ${formatCredits(MAX_MINTED_MICRO)} credits a market can have`,
    }
  }
  return { ok: true, micro: sign === '-' ? -size : size }
}

/** Reads an amount to bid, pay or transfer: credits from 1 micro-credit to 1e12 credits. */
export function readAmount(input: unknown): CreditsReading {
  const credits = readCredits(input)
  if (!credits.ok) return credits
  const problem = amountProblem(credits.micro)
  return problem === null ? credits : { ok: false, problem }
}

/** Why this is not an amount (1 micro-credit to 1e12 credits), or null when it is one. */
export function amountProblem(micro: bigint): string | null {
  if (micro < MIN_AMOUNT_MICRO) return `an amount is at least ${formatCredits(MIN_AMOUNT_MICRO)} credits`
  if (micro > MAX_AMOUNT_MICRO) return `an amount is at most ${formatCredits(MAX_AMOUNT_MICRO)} credits`
  return null
}

/** Micro-credits as a decimal string of credits, the only spelling: no trailing zeros, no exponent, `-` when negative. */
export function formatCredits(micro: bigint): string {
  const size = micro < 0n ? -micro : micro
  const whole = size / MICRO_PER_CREDIT
  const fraction = (size % MICRO_PER_CREDIT).toString().padStart(6, '0').replace(/0+$/, '')
  const sign = micro < 0n ? '-' : ''
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}

function shown(input: string | number): string {
  const text = String(input)
  return JSON.stringify(
    text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text,
  )
}
