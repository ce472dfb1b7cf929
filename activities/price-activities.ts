import type { PriceUpdateResult } from '../shared/contracts/workflows.ts'
import type { Economy } from '../shared/economy/economy.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { keepPriceSchedule } from '../shared/temporal/keep-price-schedule.ts'
import type { PriceSchedules } from '../shared/temporal/price-schedules.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** What moves prices, and keeps the schedule by which that happens. */
export interface PriceActivities {
  tickPrices(input: { marketId: string; tickMs: number }): Promise<PriceUpdateResult>
  keepPriceSchedule(input: { marketId: string }): Promise<void>
}

/** Makes the prices' activities on an economy and Temporal's schedules. */
export function createPriceActivities({
  economy,
  schedules,
  log,
}: {
  economy: Economy
  schedules: PriceSchedules
  log: Logger
}): PriceActivities {
  async function keep(marketId: string): Promise<void> {
    const refusal = await keepPriceSchedule({ economy, schedules }, marketId)
    if (refusal !== null) {
      log.warn({ market: marketId, ...refusal.error }, 'a price schedule stays as it is')
    }
  }

  return {
    async tickPrices({ marketId, tickMs }) {
      // A period that was changed in the schedule counts from this tick on; a tick does without when it cannot be read.
      await keep(marketId).catch(error =>
        log.warn({ market: marketId, err: error }, 'a price schedule could not be looked at'),
      )
      const outcome = await economy.tickPrices(marketId, tickMs)
      // A tick under way while its market closes has nothing left to do; that is no failure.
      if (!outcome.ok && outcome.error.code === 'market_closed') {
        return { closed: true, message: outcome.error.message }
      }
      const { tick, applied, prices, before } = acceptedOrFail(outcome)
      return before === undefined ? { tick, applied, prices } : { tick, applied, prices, before }
    },
    keepPriceSchedule: ({ marketId }) => keep(marketId),
  }
}
