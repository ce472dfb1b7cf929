/**
 * Krippendorff's alpha for interval data: how far judges agree beyond chance, 1 when always. Each unit (a criterion of a
 * trial) holds the scores that judges gave it; units with fewer than two do not count. Null when no unit has two, or when
 * all scores are the same, which tells nothing of agreement.
 * K. Krippendorff, Content Analysis, 4th edition, chapter 12: alpha = 1 - observed / expected disagreement.
 */
export function krippendorffAlpha(units: readonly (readonly number[])[]): number | null {
  const pairable = units.filter(unit => unit.length >= 2)
  const values = pairable.flat()
  if (values.length === 0) return null
  const observed = pairable.reduce((sum, unit) => sum + squaredDifferences(unit) / (unit.length - 1), 0)
  const expected = squaredDifferences(values) / (values.length - 1)
  return expected === 0 ? null : 1 - observed / expected
}

/** The sum of (a - b)^2 over all ordered pairs: 2 (n sum a^2 - (sum a)^2), about the mean so that it stays exact. */
function squaredDifferences(values: readonly number[]): number {
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length
  return 2 * values.length * values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
}
