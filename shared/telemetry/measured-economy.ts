import { Counter, Histogram, type Registry } from 'prom-client'
import type { Economy } from '../economy/economy.ts'
import { createLabelBound } from './label-bound.ts'

const STEP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What changes an economy, as steps whose duration is measured. */
const STEPS = {
  admitBids: 'admit',
  cancelBid: 'cancel',
  openCycle: 'open',
  settleCycle: 'clear_and_settle',
  tidyMarket: 'tidy',
  tickPrices: 'tick_prices',
  releaseOpenBids: 'release',
} as const satisfies Partial<Record<keyof Economy, string>>

/**
 * The same economy, its steps timed and its bids counted by what became of them. A step that is repeated because its
 * answer was lost is counted again: these figures are for looking at, the ledger is for counting.
 */
export function measuredEconomy(economy: Economy, registry: Registry): Economy {
  const marketLabel = createLabelBound()
  const bids = new Counter({
    name: 'bourse_bids_total',
    help: 'Bids by outcome (admitted, refused, winning, outbid, cancelled, expired) and reason of refusal',
    labelNames: ['market', 'outcome', 'reason'],
    registers: [registry],
  })
  const steps = new Histogram({
    name: 'bourse_step_duration_seconds',
    help: 'How long steps take, of a cycle (open, clear_and_settle) and others, failed ones by themselves',
    labelNames: ['step', 'result'],
    buckets: STEP_SECONDS,
    registers: [registry],
  })
  const count = (marketId: string, outcome: string, reason: string, by = 1) => {
    if (by > 0) bids.inc({ market: marketLabel(marketId), outcome, reason }, by)
  }

  const timed = Object.fromEntries(
    Object.entries(STEPS).map(([name, step]) => [
      name,
      async (...args: unknown[]) => {
        const end = steps.startTimer({ step })
        try {
          const act = economy[name as keyof typeof STEPS] as (...args: unknown[]) => Promise<unknown>
          const outcome = await act(...args)
          end({ result: 'done' })
          return outcome
        } catch (error) {
          end({ result: 'failed' })
          throw error
        }
      },
    ]),
  ) as Pick<Economy, keyof typeof STEPS>

  return {
    ...economy,
    ...timed,
    async admitBids(marketId, submissions) {
      const verdicts = await timed.admitBids(marketId, submissions)
      for (const verdict of verdicts) {
        if (verdict.ok) count(marketId, 'admitted', '')
        else if (verdict.error.code !== 'unknown_market') count(marketId, 'refused', verdict.error.code)
      }
      return verdicts
    },
    async cancelBid(request) {
      const outcome = await timed.cancelBid(request)
      if (outcome.ok) count(request.marketId, 'cancelled', '')
      return outcome
    },
    async settleCycle(marketId, number) {
      const cycle = await timed.settleCycle(marketId, number)
      count(marketId, 'winning', '', cycle.winners)
      count(marketId, 'outbid', '', cycle.losers)
      return cycle
    },
    async tidyMarket(marketId) {
      const tidied = await timed.tidyMarket(marketId)
      count(marketId, 'expired', '', tidied.bidsExpired)
      return tidied
    },
  }
}
