const NAME = /^agent\/([a-z0-9-]+)\/([a-z0-9-]+)\/(-?\d+)$/

/** The number of a lease's token beside those of agents: below zero, since they are counted apart. */
export function leaseTokenNumber(tokenId: bigint): bigint {
  return -tokenId
}

/** What the server calls an agent's connection: who it is, and which token let it in. */
export function connectionName(marketId: string, agent: string, tokenId: bigint): string {
  return `agent/${marketId}/${agent}/${tokenId}`
}

/** Whose connection it is, or null when it is no agent's. */
export function readConnectionName(
  name: string,
): { marketId: string; agent: string; tokenId: bigint } | null {
  const [, marketId, agent, tokenId] = NAME.exec(name) ?? []
  return tokenId === undefined ? null : { marketId: marketId!, agent: agent!, tokenId: BigInt(tokenId) }
}
