/** What differs between two texts, line by line: what both begin and end with is left out. */
export function lineDiff(path: string, before: string, after: string): string {
  const old = before.split('\n')
  const now = after.split('\n')
  let first = 0
  while (first < Math.min(old.length, now.length) && old[first] === now[first]) first += 1
  let last = 0
  const most = Math.min(old.length, now.length) - first
  while (last < most && old[old.length - 1 - last] === now[now.length - 1 - last]) last += 1
  const removed = old.slice(first, old.length - last)
  const added = now.slice(first, now.length - last)
  return [
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${first + 1},${removed.length} +${first + 1},${added.length} @@`,
    ...removed.map(line => `-${line}`),
    ...added.map(line => `+${line}`),
    '',
  ].join('\n')
}
