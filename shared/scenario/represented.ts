import { equalsLiteral } from './compare.ts'
import { textsIn } from './contains-text.ts'

const VALUES_MAX = 10_000
/** Shorter texts stand in too many others by accident. */
const TEXT_LENGTH_MIN = 4

/** True when some number of `sources` stands in `output`, or some text of at least four characters, within another or alone. */
export function isRepresented(output: unknown, sources: unknown): boolean {
  const numbers = numbersIn(output)
  const texts = textsIn(output).map(text => text.toLowerCase())
  if (numbersIn(sources).some(wanted => numbers.some(number => equalsLiteral(number, wanted)))) return true
  return textsIn(sources)
    .filter(wanted => wanted.length >= TEXT_LENGTH_MIN)
    .some(wanted => texts.some(text => text.includes(wanted.toLowerCase())))
}

function numbersIn(value: unknown): number[] {
  const numbers: number[] = []
  const open: unknown[] = [value]
  for (let seen = 0; open.length > 0 && seen < VALUES_MAX; seen++) {
    const one = open.pop()
    if (typeof one === 'number') numbers.push(one)
    if (typeof one === 'object' && one !== null) for (const below of Object.values(one)) open.push(below)
  }
  return numbers
}
