import { formatExactDecimal, readExactDecimal } from './exact-decimal.ts'
import type { Scenario } from './scenario.ts'
import { seededRandom } from './statistics/seeded-random.ts'

const FACTORS = [2, 3, 4, 5, 7] as const
/** A numeral that stands by itself: no part of a word, of another number or of a path. */
const NUMERAL = /(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)/g
const WORD = /[A-Za-z][\w-]*/g
/** Numbers under such keys are times and counts, never credits. */
const NO_CREDITS =
  /(_ms|_seconds|Seconds|times|trials|_max|_min|probability|confidence|reputation|weight|threshold)$/

/** The same change of any value that speaks of a scenario: of its own document, or of events of a trial of it. */
export type Vary = (value: unknown) => unknown

/**
 * The variant of a scenario under a seed: other numbers of credits in the same proportions, other names, lists in another
 * order, and an id of its own. The same scenario and seed give the same variant everywhere. A scenario without a
 * `variation` stays as it is but for its id.
 */
export function varyScenario(scenario: Scenario, seed: string): Scenario {
  const vary = variationOf(scenario, seed)
  const { variation, notes, ...rest } = scenario
  const varied = vary(rest) as Omit<Scenario, 'notes'>
  shuffleLists(varied, variation?.shuffled ?? [], seed)
  const follows = varied.follows && {
    ...varied.follows,
    scenario: variantId(scenario.follows!.scenario, seed),
  }
  return {
    ...varied,
    id: variantId(scenario.id, seed),
    domain: scenario.domain,
    ...(follows === undefined ? {} : { follows }),
    notes: [`The variant of ${scenario.id} under the seed ${seed}.`, ...notes],
  }
}

/** What a seed makes of numerals and words. All scenarios draw alike, so that those that follow one another fit. */
export function variationOf({ variation }: Scenario, seed: string): Vary {
  const random = seededRandom(`vary/${seed}`)
  const factor = BigInt(FACTORS[Math.floor(random() * FACTORS.length)]!)
  const credits = new Map(
    (variation?.credits ?? []).map(numeral => [
      numeral,
      formatExactDecimal(readExactDecimal(numeral)! * factor),
    ]),
  )
  const words = new Map(
    Object.entries(variation?.words ?? {}).map(([word, others]) => {
      const drawn = seededRandom(`vary/${seed}/${word}`)()
      return [word, others[Math.floor(drawn * others.length)]!]
    }),
  )
  const varyText = (text: string) =>
    text
      .replace(WORD, word => words.get(word) ?? varyDotted(word, words))
      .replace(NUMERAL, numeral => credits.get(numeral) ?? numeral)
  return function vary(value: unknown): unknown {
    if (typeof value === 'string') return varyText(value)
    if (typeof value === 'number') return varyNumber(value, credits)
    if (Array.isArray(value)) return value.map(vary)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, below]) => [
        varyText(key),
        typeof below === 'number' && NO_CREDITS.test(key) ? below : vary(below),
      ]),
    )
  }
}

/** `agent-x` within `agent-x-s`, for a word takes the hyphen with it. */
function varyDotted(word: string, words: ReadonlyMap<string, string>): string {
  const end = /-+$/.exec(word)?.[0] ?? ''
  return end === '' ? word : (words.get(word.slice(0, -end.length)) ?? word.slice(0, -end.length)) + end
}

function varyNumber(value: number, credits: ReadonlyMap<string, string>): number {
  const varied = credits.get(String(Math.abs(value)))
  return varied === undefined ? value : Math.sign(value) * Number(varied)
}

function shuffleLists(document: object, paths: readonly string[], seed: string): void {
  for (const path of paths) {
    const steps = path.split('.')
    const last = steps.pop()!
    let at: unknown = document
    for (const step of steps) at = isRecord(at) && Object.hasOwn(at, step) ? at[step] : undefined
    if (!isRecord(at) || !Object.hasOwn(at, last) || !Array.isArray(at[last])) continue
    at[last] = shuffled(at[last], seededRandom(`vary/${seed}/${path}`))
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const items = [...list]
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[items[index], items[other]] = [items[other]!, items[index]!]
  }
  return items
}

function variantId(id: string, seed: string): string {
  const isPlain = /^[a-z0-9]{1,12}$/.test(seed)
  return `${id}_v${isPlain ? seed : Math.floor(seededRandom(seed)() * 1e9).toString(36)}`.slice(0, 63)
}
