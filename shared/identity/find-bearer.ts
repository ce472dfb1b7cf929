import type { Outcome } from '../economy/refusal.ts'
import { leaseTokenNumber } from './connection-name.ts'
import type { Identity } from './identity.ts'
import { kindOfToken, type TokenKind } from './token.ts'

/** Whom a token lets in. */
export interface Bearer {
  marketId: string
  agent: string
  /** Who answers for the agent; null: itself. */
  owner: string | null
  kind: TokenKind
  /** Which token it is, as in the names of its connections. */
  tokenId: bigint
  /** When the token ends; null: when somebody ends it. */
  endsAtMs: number | null
}

/** Whom a token lets in: an agent by its own, and for as long as a lease lasts, by the token of a lease it has. */
export async function findBearer(identity: Identity, token: string): Promise<Outcome<Bearer>> {
  if (kindOfToken(token) !== 'lease') {
    const found = await identity.findAgentOfToken(token)
    if (!found.ok) return found
    const { marketId, agent, owner, tokenId, endsAtMs } = found
    return { ok: true, marketId, agent, owner, kind: 'agent', tokenId, endsAtMs }
  }
  const found = await identity.findLeaseOfToken(token)
  if (!found.ok) return found
  const { marketId, agent, owner, tokenId, endsAtMs } = found.lease
  return { ok: true, marketId, agent, owner, kind: 'lease', tokenId: leaseTokenNumber(tokenId), endsAtMs }
}
