import { createHash } from 'node:crypto'

const NAME = /^agent\/([a-z0-9-]+)\/([a-z0-9-]+)\/(-?\d+)(?:\/([0-9a-f]+))?$/
const OWNER_TAG_DIGITS = 32

/** Who has a connection, as its name tells it. */
export interface ConnectionHolder {
  marketId: string
  agent: string
  /** Tells apart who answers for agents of one market; null: the agent alone does. */
  ownerTag: string | null
  /** Which token let it in. */
  tokenId: bigint
}

/** The number of a lease's token beside those of agents: below zero, since they are counted apart. */
export function leaseTokenNumber(tokenId: bigint): bigint {
  return -tokenId
}

/** Stands for an owner, whose name may be any text, in names of connections. */
export function ownerTagOf(owner: string | null): string | null {
  return owner === null ? null : createHash('sha256').update(owner).digest('hex').slice(0, OWNER_TAG_DIGITS)
}

/** What the server calls an agent's connection. */
export function connectionName({ marketId, agent, ownerTag, tokenId }: ConnectionHolder): string {
  return `agent/${marketId}/${agent}/${tokenId}${ownerTag === null ? '' : `/${ownerTag}`}`
}

/** Whose connection it is, or null when it is no agent's. */
export function readConnectionName(name: string): ConnectionHolder | null {
  const [, marketId, agent, tokenId, ownerTag = null] = NAME.exec(name) ?? []
  if (tokenId === undefined) return null
  return { marketId: marketId!, agent: agent!, ownerTag, tokenId: BigInt(tokenId) }
}
