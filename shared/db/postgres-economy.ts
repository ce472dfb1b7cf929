import type { Economy } from '../economy/economy.ts'
import { registerAgent } from './agents/register-agent.ts'
import { createAdmission } from './bids/admit-bids.ts'
import { cancelBid } from './bids/cancel-bid.ts'
import { releaseOpenBids } from './bids/release-open-bids.ts'
import { openCycle } from './cycles/open-cycle.ts'
import { settleCycle } from './cycles/settle-cycle.ts'
import { changeRules } from './market/change-rules.ts'
import { createMarket } from './market/create-market.ts'
import { describeMarket, findAgent, findMarket } from './market/describe-market.ts'
import { changeMarketStatus } from './market/market-status.ts'
import { takeTurn } from './market/take-turn.ts'
import { tidyMarket } from './market/tidy-market.ts'
import type { Database } from './pool.ts'
import { agreePricePeriod, findPriceSchedule } from './prices/price-schedule.ts'
import { tickPrices } from './prices/tick-prices.ts'
import { createPostgresServices } from './services/postgres-services.ts'

/**
 * The economy on Postgres. `hint` tells a sleeping market's workflow that work was made; it is called after the
 * commit, carries nothing, and may be lost: a sweep repeats it.
 */
export function createPostgresEconomy(db: Database, hint: (marketId: string) => Promise<void>): Economy {
  const admitBids = createAdmission(db)
  const services = createPostgresServices(db, hint)
  async function hinted<T extends { woken?: boolean }>(
    marketId: string,
    change: Promise<T>,
  ): Promise<Omit<T, 'woken'>> {
    const { woken, ...outcome } = await change
    if (woken) await hint(marketId)
    return outcome
  }
  const answered = <T extends { woken?: boolean }>(marketId: string, change: Promise<T>) =>
    hinted(marketId, change) as Promise<T>

  return {
    createMarket: (marketId, settings, origin) =>
      answered(marketId, createMarket(db, marketId, settings, origin)),
    registerAgent: request => answered(request.marketId, registerAgent(db, request)),
    admitBids: async (marketId, submissions) =>
      (await hinted(marketId, admitBids(marketId, submissions))).verdicts,
    cancelBid: request => answered(request.marketId, cancelBid(db, request)),
    changeRules: (marketId, changes, actor) => answered(marketId, changeRules(db, marketId, changes, actor)),
    openCycle: (marketId, number, run, traceparent = null) =>
      openCycle(db, marketId, number, run, traceparent),
    settleCycle: async (marketId, number) =>
      (await hinted(marketId, settleCycle(db, marketId, number))).cycle,
    tickPrices: (marketId, tickMs) => answered(marketId, tickPrices(db, marketId, tickMs)),
    findPriceSchedule: marketId => findPriceSchedule(db, marketId),
    agreePricePeriod: (marketId, seconds) => agreePricePeriod(db, marketId, seconds),
    tidyMarket: async marketId => {
      await services.expireCalls(marketId)
      return await hinted(marketId, tidyMarket(db, marketId))
    },
    takeTurn: (marketId, publishing) => takeTurn(db, marketId, publishing),
    pauseMarket: (marketId, actor) => answered(marketId, changeMarketStatus(db, marketId, 'pause', actor)),
    resumeMarket: (marketId, actor) => answered(marketId, changeMarketStatus(db, marketId, 'resume', actor)),
    beginClosing: (marketId, actor) => answered(marketId, changeMarketStatus(db, marketId, 'close', actor)),
    releaseOpenBids: marketId => hinted(marketId, releaseOpenBids(db, marketId)),
    findMarket: marketId => findMarket(db, marketId),
    findAgent: (marketId, agent) => findAgent(db, marketId, agent),
    describeMarket: marketId => describeMarket(db, marketId),
  }
}
