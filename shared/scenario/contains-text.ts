/** The most values of one event that are looked at. */
const VALUES_MAX = 100_000

/** True when some text in `data`, at whatever depth, contains `text`, whatever the case of its letters. Keys do not count. */
export function containsText(data: unknown, text: string): boolean {
  const wanted = text.toLowerCase()
  return textsIn(data).some(one => one.toLowerCase().includes(wanted))
}

/** Every text in `data`, the values of its own properties at whatever depth. */
export function textsIn(data: unknown): string[] {
  const texts: string[] = []
  const open: unknown[] = [data]
  for (let seen = 0; open.length > 0 && seen < VALUES_MAX; seen++) {
    const value = open.pop()
    if (typeof value === 'string') texts.push(value)
    if (typeof value === 'object' && value !== null) {
      for (const below of Object.values(value)) open.push(below)
    }
  }
  return texts
}
