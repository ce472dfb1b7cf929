/**
 * Finds the first dotted version (`2.12.7`, `v24.1`) in a text.
 * Returns its numbers, or undefined when there is none.
 */
export function parseVersion(text) {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined
}

/** Negative when `left` is older than `right`, positive when newer, 0 when equal. */
export function compareVersions(left, right) {
  const [a, b] = [parseVersion(left), parseVersion(right)]
  if (!a || !b) throw new Error(`cannot compare the versions "${left}" and "${right}"`)
  const differing = a.findIndex((number, index) => number !== b[index])
  return differing === -1 ? 0 : a[differing] - b[differing]
}

/** True when `version` is at least `atLeast` and, when `below` is given, older than `below`. */
export function versionWithin(version, { atLeast, below }) {
  if (!parseVersion(version)) return false
  return compareVersions(version, atLeast) >= 0 && (!below || compareVersions(version, below) < 0)
}
