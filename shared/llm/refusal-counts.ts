/** Calls of a lease that were refused for the same reason before anything was set aside for them. */
export interface RefusedCalls {
  leaseId: string
  code: string
  /** Null: they came to no model that is served. */
  model: string | null
  calls: number
}

/** So many different ones between two times they are taken; what is more shows in the metrics alone. */
const COUNTS_MAX = 2_000

/** Counts refusals until they are taken, so that a flood of them is written as a few rows. */
export function createRefusalCounts(): {
  count(refused: RefusedCalls): void
  take(): RefusedCalls[]
} {
  let counts = new Map<string, RefusedCalls>()
  return {
    count({ calls, ...whose }) {
      const key = JSON.stringify([whose.leaseId, whose.code, whose.model])
      const known = counts.get(key)
      if (known !== undefined) known.calls += calls
      else if (counts.size < COUNTS_MAX) counts.set(key, { ...whose, calls })
    },
    take() {
      const taken = [...counts.values()]
      counts = new Map()
      return taken
    },
  }
}
