/**
 * floor(dividend / divisor), exact for safe integers that are not negative: the rounded quotient of doubles is
 * never too small, and too large by at most one. (The remainder operator on doubles is several times slower.)
 */
export function wholeQuotient(dividend: number, divisor: number): number {
  const quotient = Math.floor(dividend / divisor)
  return quotient * divisor > dividend ? quotient - 1 : quotient
}
