import { marketSettingsSchema } from '../../shared/market/rules.ts'
import type { Program } from '../../shared/program/program.ts'
import type { Cast } from '../cast.ts'
import type { AgentTokens, Doors } from './doors.ts'

/** Cycles follow each other fast, leases and price periods are short: faults meet something at work at any time. */
const RULES = {
  cycleSeconds: 0.5,
  pricePeriodSeconds: 5,
  maxOpenBids: 1_000,
  bidsPerSecond: null,
  // Whoever has nothing to do for a moment falls dormant, and whoever has nothing at all dies soon.
  dormantAfterSeconds: 2,
}
/**
 * What one agent of each market runs on what it wins, for long enough to be hit; where no sandbox can be made its leases
 * are paid back.
 */
const PROGRAM: Program = { command: ['/bin/sh', '-c', 'sleep 1'], runtime: 'native', files: new Map() }
const CREDITS_MICRO = 1_000_000_000_000n

/**
 * Makes the run's markets, every second one clearing by posted prices, with all agents in each. Answers the tokens by
 * which agents come into NATS.
 */
export async function createMarkets(
  { economy, identity }: Doors,
  { markets, agents }: Cast,
): Promise<AgentTokens> {
  const tokens = new Map<string, string>()
  for (const [place, marketId] of markets.entries()) {
    const policy = place % 2 === 0 ? 'highest-bid' : 'posted-price'
    const settings = marketSettingsSchema.parse({ rules: { ...RULES, policy } })
    const created = await economy.createMarket(marketId, settings)
    if (!created.ok) throw new Error(created.error.message)
    for (const agent of agents) {
      const program = agent === agents.at(-1) ? { program: PROGRAM } : {}
      const added = await economy.registerAgent({ marketId, agent, creditsMicro: CREDITS_MICRO, ...program })
      if (!added.ok) throw new Error(added.error.message)
      const issued = await identity.issueAgentToken({ marketId, agent, graceSeconds: 0, actor: 'faults' })
      if (!issued.ok) throw new Error(issued.error.message)
      tokens.set(`${marketId}/${agent}`, issued.token)
    }
  }
  return tokens
}
