import type { Economy } from '../economy/economy.ts'
import type { Refusal } from '../economy/refusal.ts'
import { decideScheduleChanges, PAUSED_WITH_MARKET, type ScheduleChange } from '../market/price-schedule.ts'
import type { PriceSchedules } from './price-schedules.ts'

/** Who changes a rule because its schedule was changed. */
const ACTOR = 'price schedule'

/**
 * Makes a market and its price schedule agree; done again, it changes nothing. Answers the refusal when the market
 * does not take the schedule's period, or does not exist.
 */
export async function keepPriceSchedule(
  { economy, schedules }: { economy: Economy; schedules: PriceSchedules },
  marketId: string,
): Promise<Refusal | null> {
  const market = await economy.findPriceSchedule(marketId)
  if (!market.ok) return market
  for (const change of decideScheduleChanges(market, await schedules.find(marketId))) {
    const refusal = await make(change)
    if (refusal !== null) return refusal
  }
  return null

  async function make(change: ScheduleChange): Promise<Refusal | null> {
    switch (change.change) {
      case 'create':
        await schedules.create(marketId, change.periodSeconds, change.isPaused)
        return null
      case 'delete':
        await schedules.delete(marketId)
        return null
      case 'pause':
        await schedules.pause(marketId, PAUSED_WITH_MARKET)
        return null
      case 'resume':
        await schedules.resume(marketId, 'resumed with its market')
        return null
      case 'setPeriod':
        await schedules.setPeriod(marketId, change.periodSeconds)
        return null
      case 'setRule': {
        const changes = { pricePeriodSeconds: change.periodSeconds }
        const outcome = await economy.changeRules(marketId, changes, ACTOR)
        return outcome.ok ? null : outcome
      }
      case 'agree':
        await economy.agreePricePeriod(marketId, change.periodSeconds)
        return null
    }
  }
}
