import type { Identity } from '../../identity/identity.ts'
import { findLeaseOfToken, issueLeaseToken } from '../leases/lease-tokens.ts'
import { revokeLease } from '../leases/revoke-lease.ts'
import type { Database } from '../pool.ts'
import { findAgentOfToken, issueAgentToken, listEndedTokens, revokeAgentTokens } from './agent-tokens.ts'
import { freezeAgent, unfreezeAgent } from './freeze-agent.ts'
import { reviveAgent } from './revive-agent.ts'

/** Identity on Postgres. `hint` is called after a commit that woke a sleeping market. */
export function createPostgresIdentity(db: Database, hint: (marketId: string) => Promise<void>): Identity {
  async function hinted<T extends object>(
    { marketId }: { marketId: string },
    change: Promise<T>,
  ): Promise<T> {
    const { woken, ...outcome } = (await change) as T & { woken?: boolean }
    if (woken) await hint(marketId)
    return outcome as T
  }
  return {
    issueAgentToken: request => hinted(request, issueAgentToken(db, request)),
    revokeAgentTokens: request => hinted(request, revokeAgentTokens(db, request)),
    findAgentOfToken: token => findAgentOfToken(db, token),
    listEndedTokens: (seconds, limit) => listEndedTokens(db, seconds, limit),
    freezeAgent: request => hinted(request, freezeAgent(db, request)),
    unfreezeAgent: request => hinted(request, unfreezeAgent(db, request)),
    revokeLease: request => hinted(request, revokeLease(db, request)),
    reviveAgent: request => hinted(request, reviveAgent(db, request)),
    issueLeaseToken: request => hinted(request, issueLeaseToken(db, request)),
    findLeaseOfToken: token => findLeaseOfToken(db, token),
  }
}
