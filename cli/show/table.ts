import Table from 'cli-table3'
import { colours } from './colours.ts'
import { safeText } from './safe-text.ts'

export type Cell = string | number | null | undefined
/** A column's heading; numbers stand to the right. */
export type Column = string | { right: string }

const MAX_CELL_CHARACTERS = 80
const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map(edge => [edge, '']),
)

/** Rows under their headings, for people; what agents wrote is escaped. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({
    head: columns.map(column => colours.bold(typeof column === 'string' ? column : column.right)),
    colAligns: columns.map(column => (typeof column === 'string' ? 'left' : 'right')),
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) table.push(row.map(cell => paint(shown(cell))))
  return `${table.toString().replace(/[ \t]+$/gm, '')}\n`
}

/** Names and values, one a line. */
export function renderFacts(facts: readonly (readonly [string, Cell])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts
    .map(([name, value]) => `${colours.bold(name.padEnd(width))}  ${paint(shown(value))}\n`)
    .join('')
}

function shown(cell: Cell): string {
  if (cell === null || cell === undefined) return '-'
  const text = safeText(String(cell))
  return text.length > MAX_CELL_CHARACTERS ? `${text.slice(0, MAX_CELL_CHARACTERS)}...` : text
}

const GOOD = ['open', 'alive', 'winning', 'active', 'live', 'running', 'yes']
const WARNING = ['paused', 'pending', 'dormant', 'closing', 'last_known', 'floor']
const BAD = ['dead', 'outbid', 'expired', 'down', 'no']

function paint(text: string): string {
  if (GOOD.includes(text)) return colours.green(text)
  if (WARNING.includes(text)) return colours.yellow(text)
  return BAD.includes(text) ? colours.red(text) : text
}
