import type { Economy } from '../economy/economy.ts'
import { createAdmission } from './admit-bids.ts'
import { cancelBid } from './cancel-bid.ts'
import { changeRules } from './change-rules.ts'
import { createMarket } from './create-market.ts'
import { describeMarket, findAgent, findMarket } from './describe-market.ts'
import { changeMarketStatus } from './market-status.ts'
import { openCycle } from './open-cycle.ts'
import type { Database } from './pool.ts'
import { createPostgresServices } from './postgres-services.ts'
import { agreePricePeriod, findPriceSchedule } from './price-schedule.ts'
import { registerAgent } from './register-agent.ts'
import { releaseOpenBids } from './release-open-bids.ts'
import { settleCycle } from './settle-cycle.ts'
import { takeTurn } from './take-turn.ts'
import { tickPrices } from './tick-prices.ts'
import { tidyMarket } from './tidy-market.ts'

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
