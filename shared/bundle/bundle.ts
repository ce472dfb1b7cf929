/** A fraction of capacity is stored as whole parts per million. */
export const PPM_OF_CAPACITY = 1_000_000

export const MIN_DURATION_SECONDS = 1
export const MAX_DURATION_SECONDS = 86_400

const FRACTION = /^(\d{1,7})(?:\.(\d{1,6}))?$/
const MAX_SHOWN_CHARACTERS = 64

/** A bundle as people write it: `{ cpu: 0.1, memory: 0.1, durationSeconds: 10 }`. */
export type BundleInput = { durationSeconds: number } & Record<string, number>

export type BundleReading =
  | { ok: true; quantitiesPpm: number[]; durationSeconds: number }
  | { ok: false; problem: string; field: string }

/**
 * Reads a bundle: per resource a fraction of capacity, 0 to 1 with at most 6 fraction digits (a number or a decimal
 * string; absent is 0), at least one above zero, and `durationSeconds`, a whole number from 1 to 86,400. Quantities
 * come back in parts per million in the order of `resources`, the market's own. A refusal names the field.
 */
export function readBundle(input: unknown, resources: readonly string[]): BundleReading {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return refusal('bundle', 'a bundle is an object such as {"cpu": 0.1, "durationSeconds": 10}')
  }
  const quantitiesPpm = resources.map(() => 0)
  let durationSeconds: unknown
  for (const [field, value] of Object.entries(input)) {
    if (field === 'durationSeconds') {
      durationSeconds = value
      continue
    }
    const resource = resources.indexOf(field)
    if (resource === -1) {
      const allowed = [...resources, 'durationSeconds'].join(', ')
      return refusal(
        clipped(field),
        `${shown(field)} is not in a bundle of this market: allowed are ${allowed}`,
      )
    }
    const quantityPpm = value === undefined ? 0 : readFractionPpm(value)
    if (quantityPpm === null) {
      return refusal(
        field,
        `${field} is a fraction of capacity from 0 to 1 with at most 6 fraction digits, not ${shown(value)}`,
      )
    }
    quantitiesPpm[resource] = quantityPpm
  }
  if (!isDurationSeconds(durationSeconds)) {
    const bounds = `a whole number from ${MIN_DURATION_SECONDS} to ${MAX_DURATION_SECONDS}`
    return refusal('durationSeconds', `durationSeconds is ${bounds}, not ${shown(durationSeconds)}`)
  }
  if (quantitiesPpm.every(quantityPpm => quantityPpm === 0)) {
    return refusal('bundle', `a bundle asks for more than zero of at least one of ${resources.join(', ')}`)
  }
  return { ok: true, quantitiesPpm, durationSeconds }
}

/** The bundle as people write it, every resource named, fractions as numbers (exact: at most 6 fraction digits). */
export function formatBundle(
  quantitiesPpm: ArrayLike<number>,
  durationSeconds: number,
  resources: readonly string[],
): BundleInput {
  const fractions = resources.map((resource, index): [string, number] => [
    resource,
    (quantitiesPpm[index] ?? 0) / PPM_OF_CAPACITY,
  ])
  return { ...Object.fromEntries(fractions), durationSeconds }
}

/** Whether this is a bundle's duration: a whole number of seconds from 1 to 86,400. */
export function isDurationSeconds(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= MIN_DURATION_SECONDS &&
    value <= MAX_DURATION_SECONDS
  )
}

function readFractionPpm(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const parts = FRACTION.exec(String(value))
  if (parts === null) return null
  const [, whole = '', fraction = ''] = parts
  const quantityPpm = Number(whole) * PPM_OF_CAPACITY + Number(fraction.padEnd(6, '0'))
  return quantityPpm <= PPM_OF_CAPACITY ? quantityPpm : null
}

function refusal(field: string, problem: string): BundleReading {
  return { ok: false, problem, field }
}

function shown(value: unknown): string {
  if (value === undefined) return 'absent'
  if (typeof value === 'string') return JSON.stringify(clipped(value))
  return typeof value === 'object' && value !== null ? 'an object' : clipped(String(value))
}

function clipped(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text
}
