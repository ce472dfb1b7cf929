import type { BundleInput } from '../../shared/bundle/bundle.ts'

/** A bundle in a few words: what is zero is left out. */
export function describeBundle({ durationSeconds, ...fractions }: BundleInput): string {
  const parts = Object.entries(fractions)
    .filter(([, fraction]) => fraction > 0)
    .map(([resource, fraction]) => `${resource} ${describeFraction(fraction)}`)
  return `${parts.join(', ')} for ${durationSeconds} s`
}

/** Fractions of capacity by resource, in percent. */
export function describeFractions(fractions: Record<string, number>): string {
  return Object.entries(fractions)
    .map(([resource, fraction]) => `${resource} ${describeFraction(fraction)}`)
    .join(', ')
}

function describeFraction(fraction: number): string {
  return `${Number((fraction * 100).toFixed(4))}%`
}
