const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/**
 * Values above zero as a row of bars, on a logarithmic scale because prices move by factors. Values that differ by less
 * than one price step look the same; more values than `width` are drawn as the last of each stretch.
 */
export function sparkline(values: readonly number[], width: number): string {
  const drawn = lastOfStretches(values, width).map(Math.log)
  const lowest = Math.min(...drawn)
  const range = Math.max(...drawn) - lowest
  const SMALLEST_RANGE = Math.log(1.125)
  return drawn
    .map(value => BARS[Math.round(((value - lowest) / Math.max(range, SMALLEST_RANGE)) * (BARS.length - 1))])
    .join('')
}

function lastOfStretches(values: readonly number[], width: number): number[] {
  const drawn = Math.min(values.length, width)
  return Array.from(
    { length: drawn },
    (_, place) => values[Math.ceil(((place + 1) * values.length) / drawn) - 1]!,
  )
}
