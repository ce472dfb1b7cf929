import type { Economy } from '../economy/economy.ts'
import type { Identity } from '../identity/identity.ts'
import { done } from './set-up-market.ts'
import { AGENT } from './trial.ts'

/** What closing a market of a run takes. */
export interface MarketClosing {
  economy: Pick<Economy, 'beginClosing'>
  identity: Pick<Identity, 'revokeAgentTokens' | 'revokeLease'>
  /** Ids of the leases of a market that last, at most `limit`. */
  listLeases(marketId: string, limit: number): Promise<string[]>
}

const LEASES_AT_ONCE = 100
/** Nobody wins any more, so it is over after far fewer. */
const ROUNDS_MAX = 100
const REVOKED = { refund: false, reason: 'the trial is over', actor: 'benchmark' }

/**
 * Closes a market of a run: the agent under test is let in no more, nobody bids, and no lease is waited for, so that it is
 * over within moments. Again, or without such a market, it does nothing.
 */
export async function closeMarket(
  { economy, identity, listLeases }: MarketClosing,
  marketId: string,
): Promise<void> {
  const closing = await economy.beginClosing(marketId, 'benchmark')
  if (!closing.ok && closing.error.code === 'unknown_market') return
  if (!closing.ok && closing.error.code !== 'market_closed') done(closing)
  const tokens = { marketId, agent: AGENT, reason: 'its trial is over', actor: 'benchmark' }
  const revoked = await identity.revokeAgentTokens(tokens)
  if (!revoked.ok && revoked.error.code !== 'unknown_agent') done(revoked)
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const leases = await listLeases(marketId, LEASES_AT_ONCE)
    if (leases.length === 0) return
    for (const leaseId of leases) {
      const ended = await identity.revokeLease({ marketId, leaseId, ...REVOKED })
      if (!ended.ok && ended.error.code !== 'lease_ended') done(ended)
    }
  }
}
