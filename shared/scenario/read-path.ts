/** The most values that a path with `*` leads to; what lies beyond is not looked at. */
const VALUES_MAX = 1_000

/**
 * What stands at a dotted path in data that came from outside: its own properties only, `*` for every item of a list. A
 * leading `data.` is passed over. Nothing there: an empty list.
 */
export function valuesAt(data: unknown, path: string): unknown[] {
  let values: unknown[] = [data]
  const steps = path.split('.')
  for (const step of steps[0] === 'data' && steps.length > 1 ? steps.slice(1) : steps) {
    values = values.flatMap(value => below(value, step)).slice(0, VALUES_MAX)
  }
  return values
}

function below(value: unknown, step: string): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  if (step === '*') return Array.isArray(value) ? value.slice(0, VALUES_MAX) : []
  const isThere = Object.hasOwn(value, step) && !(Array.isArray(value) && step === 'length')
  return isThere ? [(value as Record<string, unknown>)[step]] : []
}
