import { ApplicationFailure } from '@temporalio/common'
import type {
  CycleSummary,
  Economy,
  MarketStatus,
  MarketTurn,
  OpenedCycle,
} from '../shared/economy/economy.ts'
import { UnknownCycle } from '../shared/economy/unknown-cycle.ts'
import type { Glances, MarketGlance } from '../shared/market/glances.ts'
import { beginTrace, traceparentOf } from '../shared/telemetry/trace-context.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** What the `market` and `allocationCycle` workflows do to the economy. */
export interface MarketActivities {
  /**
   * What is due; where the market comes to rest, also how it stands, for people to see; before a cycle, the trace that
   * it begins.
   */
  takeTurn(input: {
    marketId: string
    publishing: boolean
  }): Promise<MarketTurn & { glance?: MarketGlance | null; cycleTraceparent?: string }>
  openCycle(input: { marketId: string; cycle: number | null; run: string }): Promise<OpenedCycle>
  settleCycle(input: { marketId: string; cycle: number }): Promise<CycleSummary>
  tidyMarket(input: { marketId: string }): Promise<void>
  releaseOpenBids(input: { marketId: string }): Promise<void>
  changeMarketStatus(input: {
    marketId: string
    change: 'pause' | 'resume' | 'close'
    actor: string
  }): Promise<{ status: MarketStatus }>
}

/** A market that takes these steps goes on at once, and nobody could read what it showed. */
const STEPS_ON_THE_WAY = ['tidy', 'clear', 'release']

/** Makes the market's activities on an economy. */
export function createMarketActivities({
  economy,
  glances,
}: {
  economy: Economy
  glances: Glances
}): MarketActivities {
  const changes = { pause: economy.pauseMarket, resume: economy.resumeMarket, close: economy.beginClosing }
  return {
    async takeTurn({ marketId, publishing }) {
      const turn = acceptedOrFail(await economy.takeTurn(marketId, publishing))
      const { next, unpublished, executionsDue, status, pricePeriodSeconds } = turn
      const decided = { next, unpublished, executionsDue, status, pricePeriodSeconds }
      if (next.step === 'clear') {
        const traceparent = beginTrace('cycle due', { 'bourse.market': marketId, 'bourse.cycle': next.cycle })
        return { ...decided, ...(traceparent === null ? {} : { cycleTraceparent: traceparent }) }
      }
      if (STEPS_ON_THE_WAY.includes(next.step)) return decided
      return { ...decided, glance: await glances.market(marketId) }
    },
    async openCycle({ marketId, cycle, run }) {
      const opened = acceptedOrFail(await economy.openCycle(marketId, cycle, run, traceparentOf()))
      return { cycle: opened.cycle, settled: opened.settled }
    },
    async settleCycle({ marketId, cycle }) {
      return await economy.settleCycle(marketId, cycle).catch(error => {
        if (!(error instanceof UnknownCycle)) throw error
        throw ApplicationFailure.nonRetryable(error.message, 'unknown_cycle', { field: 'cycle' })
      })
    },
    async tidyMarket({ marketId }) {
      await economy.tidyMarket(marketId)
    },
    async releaseOpenBids({ marketId }) {
      await economy.releaseOpenBids(marketId)
    },
    async changeMarketStatus({ marketId, change, actor }) {
      const { status } = acceptedOrFail(await changes[change](marketId, actor))
      return { status }
    },
  }
}
