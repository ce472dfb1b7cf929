/** A live connection of an agent, as the servers number it. */
interface Connection {
  serverId: string
  clientId: number
  marketId: string
  agent: string
  tokenId: bigint
}

/** One that was let in and of which no server has told for so long never came up. */
const UNTOLD_MS_MAX = 10_000

/**
 * Which connections agents have, as far as one process knows: those it let in, and those it was told of. It counts a
 * little late what others let in at the same moment, and sets itself right by `replace`.
 */
export function createLiveConnections(nowMs: () => number) {
  const byPlace = new Map<string, Connection & { knownSinceMs: number }>()
  const counts = new Map<string, number>()
  const placeOf = ({ serverId, clientId }: Pick<Connection, 'serverId' | 'clientId'>) =>
    `${serverId}/${clientId}`
  const ownerOf = ({ marketId, agent }: Pick<Connection, 'marketId' | 'agent'>) => `${marketId}/${agent}`

  function add(one: Connection): void {
    remove(one)
    byPlace.set(placeOf(one), { ...one, knownSinceMs: nowMs() })
    counts.set(ownerOf(one), count(one) + 1)
  }

  function remove(place: Pick<Connection, 'serverId' | 'clientId'>): void {
    const known = byPlace.get(placeOf(place))
    if (known === undefined) return
    byPlace.delete(placeOf(place))
    const left = count(known) - 1
    if (left === 0) counts.delete(ownerOf(known))
    else counts.set(ownerOf(known), left)
  }

  function count(owner: Pick<Connection, 'marketId' | 'agent'>): number {
    return counts.get(ownerOf(owner)) ?? 0
  }

  return {
    add,
    remove,
    count,
    /** Of all agents together. */
    total: () => byPlace.size,
    /** Connections that came in by one of these tokens. */
    of(tokenIds: ReadonlySet<bigint>): Connection[] {
      return [...byPlace.values()].filter(one => tokenIds.has(one.tokenId))
    },
    /** Takes what the servers list for the truth, but for what was let in only now. */
    replace(listed: readonly Connection[]): void {
      const places = new Set(listed.map(placeOf))
      for (const one of [...byPlace.values()]) {
        if (!places.has(placeOf(one)) && nowMs() - one.knownSinceMs > UNTOLD_MS_MAX) remove(one)
      }
      for (const one of listed) if (!byPlace.has(placeOf(one))) add(one)
    },
  }
}

export type LiveConnections = ReturnType<typeof createLiveConnections>
