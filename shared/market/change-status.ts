import type { MarketStatus } from '../economy/economy.ts'
import { type Outcome, refuse } from '../economy/refusal.ts'

const TRANSITIONS = {
  pause: { to: 'paused', event: 'market_paused' },
  resume: { to: 'open', event: 'market_resumed' },
  close: { to: 'closing', event: 'market_closed' },
} as const satisfies Record<string, { to: MarketStatus; event: string }>

export type StatusChange = keyof typeof TRANSITIONS

/** The status after a change, and the event that tells it; no event when the market is so already. */
export function changeStatus(
  marketId: string,
  current: MarketStatus,
  change: StatusChange,
): Outcome<{ status: MarketStatus; event: (typeof TRANSITIONS)[StatusChange]['event'] | null }> {
  const { to, event } = TRANSITIONS[change]
  const isClosed = current === 'closing' || current === 'closed'
  if (current === to || (change === 'close' && isClosed)) return { ok: true, status: current, event: null }
  if (isClosed) {
    return refuse('market_closed', `market ${marketId} is ${current} and cannot ${change}`, 'marketId')
  }
  return { ok: true, status: to, event }
}
