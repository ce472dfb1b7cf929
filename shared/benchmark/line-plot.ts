import { escapeXml } from './junit-report.ts'

export interface PlotLine {
  name: string
  /** x: milliseconds. */
  points: { x: number; y: number }[]
}

const WIDTH = 460
const HEIGHT = 140
const MARGIN = 8
const COLOURS = [
  '#2563eb',
  '#c2410c',
  '#15803d',
  '#7c3aed',
  '#b91c1c',
  '#0e7490',
  '#a16207',
  '#be185d',
  '#4b5563',
]

/** Lines over time as an SVG with its caption; empty when there is nothing to draw. Values hold until the next point. */
export function linePlot(caption: string, lines: readonly PlotLine[]): string {
  const drawn = lines.filter(line => line.points.length > 0)
  if (drawn.length === 0) return ''
  const points = drawn.flatMap(line => line.points)
  const [left, right] = [Math.min(...points.map(one => one.x)), Math.max(...points.map(one => one.x))]
  const [low, high] = [Math.min(0, ...points.map(one => one.y)), Math.max(...points.map(one => one.y))]
  const x = (value: number) => MARGIN + ((value - left) / (right - left || 1)) * (WIDTH - 2 * MARGIN)
  const y = (value: number) => HEIGHT - MARGIN - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * MARGIN)
  const paths = drawn.map(({ points: [first, ...others] }, place) => {
    const steps = others.map(one => `H${x(one.x).toFixed(1)}V${y(one.y).toFixed(1)}`).join('')
    const colour = COLOURS[place % COLOURS.length]
    return `<path d="M${x(first!.x).toFixed(1)} ${y(first!.y).toFixed(1)}${steps}H${WIDTH - MARGIN}" fill="none" stroke="${colour}" stroke-width="2"/>`
  })
  const names = drawn
    .map(
      ({ name }, place) => `<span style="color:${COLOURS[place % COLOURS.length]}">${escapeXml(name)}</span>`,
    )
    .join(' ')
  return `<figure><svg width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeXml(caption)}">${paths.join('')}</svg><figcaption>${escapeXml(caption)}, ${low} to ${high}: ${names}</figcaption></figure>`
}
