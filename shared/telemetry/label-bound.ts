/** Distinct values that a label of one metric takes; what comes after them is counted together. */
const MAX_LABEL_VALUES = 100
export const OTHER_LABEL = 'other'

/**
 * Keeps a label bounded: the first values keep their names, all later ones are `other`. Whoever makes markets or
 * agents without end makes no metrics without end.
 */
export function createLabelBound(limit = MAX_LABEL_VALUES): (value: string) => string {
  const known = new Set<string>()
  return value => {
    if (known.has(value)) return value
    if (known.size >= limit) return OTHER_LABEL
    known.add(value)
    return value
  }
}
