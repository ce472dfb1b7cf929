import type {
  CycleSummary,
  Economy,
  MarketStatus,
  MarketTurn,
  OpenedCycle,
} from '../shared/economy/economy.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** What the `market` and `allocationCycle` workflows do to the economy. */
export interface MarketActivities {
  takeTurn(input: { marketId: string; publishing: boolean }): Promise<MarketTurn>
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

/** Makes the market's activities on an economy. */
export function createMarketActivities({ economy }: { economy: Economy }): MarketActivities {
  const changes = { pause: economy.pauseMarket, resume: economy.resumeMarket, close: economy.beginClosing }
  return {
    async takeTurn({ marketId, publishing }) {
      const turn = acceptedOrFail(await economy.takeTurn(marketId, publishing))
      const { next, unpublished, status, pricePeriodSeconds } = turn
      return { next, unpublished, status, pricePeriodSeconds }
    },
    async openCycle({ marketId, cycle, run }) {
      const opened = acceptedOrFail(await economy.openCycle(marketId, cycle, run))
      return { cycle: opened.cycle, settled: opened.settled }
    },
    settleCycle: ({ marketId, cycle }) => economy.settleCycle(marketId, cycle),
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
