import type { CycleSummary, MarketStatus, MarketTurn } from '../shared/economy/economy.ts'
import type { MarketGlance } from '../shared/market/glances.ts'
import { describeCount, describeCycle, describeShares, describeSource, LINE_BREAK } from './describe-cycle.ts'
import { plainMarkdown } from './plain-markdown.ts'

/** What a market's workflow knows of its market. */
export interface SeenMarket {
  marketId: string
  turn: MarketTurn
  glance: MarketGlance | null
  lastCycle: CycleSummary | null
  /** Why publication stands still; null: it does not. */
  publicationProblem: string | null
}

const STATUS: Record<MarketStatus, string> = {
  open: 'open',
  paused: 'paused: bids are admitted, nothing is cleared until `resume`',
  closing: 'closing: no more bids are admitted',
  closed: 'closed',
}

const PLANS = {
  tidy: 'Ending leases and expiring bids.',
  clear: 'Clearing a cycle.',
  release: 'Releasing open bids.',
  wait: 'Waiting for the next cycle.',
  sleep: "Asleep until a bid, a lease's end or an expiry.",
  closed: 'Nothing is left to do.',
}

/** How a market stands, for its page in the Temporal UI. */
export function describeMarket({
  marketId,
  turn,
  glance,
  lastCycle,
  publicationProblem,
}: SeenMarket): string {
  const lines = [`**Market ${marketId} is ${STATUS[turn.status]}.** ${PLANS[turn.next.step]}`]
  if (publicationProblem !== null) {
    lines.push(`**Events are not published:** ${plainMarkdown(publicationProblem)}`)
  }
  if (lastCycle !== null) {
    lines.push(`**Cycle ${lastCycle.cycle}** at ${lastCycle.effectiveAt}: ${describeCycle(lastCycle)}`)
  }
  if (glance !== null) {
    const prices = Object.entries(glance.prices).map(([resource, price]) => `${resource} ${price}`)
    lines.push(
      `**Book:** ${describeCount(glance.book)} pending bids. **Leases:** ${describeCount(glance.leases)}, taking ${describeShares(glance.leased)}.`,
      `**Posted prices** ${describeSource(glance)}: ${prices.join(', ')}.`,
    )
  }
  return lines.join(LINE_BREAK)
}
