interface Reading<Value> {
  value: Promise<Value>
  atMs: number
}

/**
 * Lets those who ask for the same thing at nearly the same time share one reading of it: what was read less than
 * `freshMs` ago is read again for nobody. Keeps at most `most` readings; a failed one is kept by nobody.
 */
export function createSharedReading<Value>(
  read: (key: string) => Promise<Value>,
  freshMs: number,
  most: number,
  nowMs: () => number = () => performance.now(),
): (key: string) => Promise<Value> {
  const readings = new Map<string, Reading<Value>>()
  return key => {
    const known = readings.get(key)
    if (known !== undefined && nowMs() - known.atMs < freshMs) return known.value
    const reading = { value: read(key), atMs: nowMs() }
    readings.delete(key)
    readings.set(key, reading)
    if (readings.size > most) readings.delete(readings.keys().next().value!)
    reading.value.catch(() => {
      if (readings.get(key) === reading) readings.delete(key)
    })
    return reading.value
  }
}
