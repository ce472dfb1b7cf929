import { CONNECTIONS_PER_AGENT_MAX, type OpenConnections } from './connection-limits.ts'
import type { ConnectionHolder } from './connection-name.ts'

/** Where a live connection is, as the servers number it. */
interface Place {
  serverId: string
  clientId: number
}

/** A live connection of an agent. */
type Connection = Place & ConnectionHolder

interface Known extends Connection {
  knownSinceMs: number
  /** Whether a server told of it; what was only let in may never have come up. */
  isUp: boolean
}

type Holder = Pick<ConnectionHolder, 'marketId' | 'agent' | 'ownerTag'>

/** One that was let in and of which no server has told for so long never came up. */
const UNTOLD_MS_MAX = 10_000

/**
 * Which connections agents have, as far as one process knows: those it let in, and those it was told of. It counts a
 * little late what others let in at the same moment: `surplus` is what came in that way, to be closed. It sets itself right
 * by `replace`.
 */
export function createLiveConnections(nowMs: () => number) {
  const byPlace = new Map<string, Known>()
  const counts = new Map<string, number>()
  const placeOf = ({ serverId, clientId }: Place) => `${serverId}/${clientId}`
  const agentOf = ({ marketId, agent }: Holder) => `${marketId}/${agent}`
  const ownerOf = ({ marketId, ownerTag }: Holder) => `${marketId}//${ownerTag}`
  const holdersOf = (one: Holder) => (one.ownerTag === null ? [agentOf(one)] : [agentOf(one), ownerOf(one)])
  const countOf = (holder: string) => counts.get(holder) ?? 0

  function know(one: Connection, isUp: boolean): void {
    remove(one)
    byPlace.set(placeOf(one), { ...one, knownSinceMs: nowMs(), isUp })
    for (const holder of holdersOf(one)) counts.set(holder, countOf(holder) + 1)
  }

  function remove(place: Place): void {
    const known = byPlace.get(placeOf(place))
    if (known === undefined) return
    byPlace.delete(placeOf(place))
    for (const holder of holdersOf(known)) {
      if (countOf(holder) === 1) counts.delete(holder)
      else counts.set(holder, countOf(holder) - 1)
    }
  }

  return {
    /** One was let in; a server tells when it is up. */
    letIn: (one: Connection) => know(one, false),
    /** A server told of one. */
    add: (one: Connection) => know(one, true),
    remove,
    /** What is open beside what this agent wants. */
    open: (holder: Holder): OpenConnections => ({
      ofAgent: countOf(agentOf(holder)),
      ofOwner: holder.ownerTag === null ? 0 : countOf(ownerOf(holder)),
      all: byPlace.size,
    }),
    /** Connections that came in by one of these tokens. */
    of(tokenIds: ReadonlySet<bigint>): Connection[] {
      return [...byPlace.values()].filter(one => tokenIds.has(one.tokenId))
    },
    /** Connections that are up and of which their agents or owners have more than allowed: the newest, the same to everybody. */
    surplus(perOwnerMax: number): Connection[] {
      const most = Math.min(CONNECTIONS_PER_AGENT_MAX, perOwnerMax)
      if (![...counts.values()].some(count => count > most)) return []
      const seen = new Map<string, number>()
      const count = (holder: string) => seen.set(holder, (seen.get(holder) ?? 0) + 1).get(holder)!
      const up = [...byPlace.values()].filter(one => one.isUp)
      return up.toSorted(byAge).filter(one => {
        const isOverAgents = count(agentOf(one)) > CONNECTIONS_PER_AGENT_MAX
        const isOverOwners = one.ownerTag !== null && count(ownerOf(one)) > perOwnerMax
        return isOverAgents || isOverOwners
      })
    },
    /** Takes what the servers list for the truth, but for what was let in only now. */
    replace(listed: readonly Connection[]): void {
      const places = new Set(listed.map(placeOf))
      for (const one of [...byPlace.values()]) {
        if (!places.has(placeOf(one)) && nowMs() - one.knownSinceMs > UNTOLD_MS_MAX) remove(one)
      }
      for (const one of listed) if (!byPlace.get(placeOf(one))?.isUp) know(one, true)
    },
    /** Forgets all: the servers may have ended them without a word. */
    clear(): void {
      byPlace.clear()
      counts.clear()
    },
  }
}

function byAge(a: Place, b: Place): number {
  return a.clientId - b.clientId || (a.serverId < b.serverId ? -1 : 1)
}

export type LiveConnections = ReturnType<typeof createLiveConnections>
