/** An owner that was read is read again after so long. */
const FRESH_MS = 60_000
/** Of so many agents it is remembered who answers for them. */
const REMEMBERED_MAX = 10_000

interface Known {
  who: string
  readAtMs: number
}

/**
 * Under whose name an agent's requests are counted: its owner's, which all of that owner's agents share, so that asking
 * under many names gains nothing; its own when it has none. Nobody waits for the reading: until it is there, and when it
 * fails, the agent answers for itself, or as it did last.
 */
export function createAccountable(
  readOwner: (marketId: string, agent: string) => Promise<string | null>,
  nowMs: () => number = () => performance.now(),
): (marketId: string, agent: string) => string {
  const known = new Map<string, Known>()

  function remember(key: string, who: string): void {
    known.delete(key)
    known.set(key, { who, readAtMs: nowMs() })
    if (known.size > REMEMBERED_MAX) known.delete(known.keys().next().value!)
  }

  async function read(key: string, marketId: string, agent: string): Promise<void> {
    try {
      const owner = await readOwner(marketId, agent)
      remember(key, owner === null ? key : `${marketId}//${owner}`)
    } catch {
      // It is tried again when what is remembered is old.
    }
  }

  return (marketId, agent) => {
    const key = `${marketId}/${agent}`
    const last = known.get(key)
    if (last !== undefined && nowMs() - last.readAtMs < FRESH_MS) return last.who
    const who = last?.who ?? key
    remember(key, who)
    void read(key, marketId, agent)
    return who
  }
}
