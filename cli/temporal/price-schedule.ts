import { searchAttributesOf } from '../../shared/contracts/search-attributes.ts'
import { type PriceUpdateResult, priceScheduleId } from '../../shared/contracts/workflows.ts'
import type { PriceTick } from '../../shared/economy/economy.ts'
import { refuse } from '../../shared/economy/refusal.ts'
import { keepPriceSchedule } from '../../shared/temporal/keep-price-schedule.ts'
import type { PriceSchedules } from '../../shared/temporal/price-schedules.ts'
import { acceptedOrRefused, refused } from '../command-failure.ts'
import type { Servers } from '../stack/servers.ts'
import { callTemporal } from './call-temporal.ts'

/** A tick that finds no worker is not waited for longer. */
const TICK_WAIT_MS = 30_000

type Schedule = NonNullable<Awaited<ReturnType<PriceSchedules['find']>>>

/** Stops a market's schedule of price updates until somebody resumes it. */
export async function pausePrices(servers: Servers, marketId: string, actor: string): Promise<Schedule> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const schedules = await schedulesOf(servers)
  await existing(schedules, marketId)
  await schedules.pause(marketId, `paused by ${actor}`)
  return await existing(schedules, marketId)
}

/** Lets a market's schedule go on; it does not while the market itself is paused. */
export async function resumePrices(servers: Servers, marketId: string, actor: string): Promise<Schedule> {
  const { status } = acceptedOrRefused(await servers.economy().findMarket(marketId))
  if (status === 'paused') {
    const message = `market ${marketId} is paused, and its prices with it: \`bourse market resume ${marketId}\``
    throw refused({ code: 'market_paused', message, field: 'marketId' })
  }
  const schedules = await schedulesOf(servers)
  await existing(schedules, marketId)
  await schedules.resume(marketId, `resumed by ${actor}`)
  return await existing(schedules, marketId)
}

/** Changes how often prices move, in the rule and in the schedule. */
export async function setPricePeriod(
  servers: Servers,
  marketId: string,
  periodSeconds: number,
  actor: string,
): Promise<Schedule> {
  const economy = servers.economy()
  acceptedOrRefused(await economy.changeRules(marketId, { pricePeriodSeconds: periodSeconds }, actor))
  const schedules = await schedulesOf(servers)
  const refusal = await keepPriceSchedule({ economy, schedules }, marketId)
  if (refusal !== null) throw refused(refusal.error)
  return await existing(schedules, marketId)
}

/** Moves prices by one tick now; one that is being applied already is waited for. */
export async function tickPrices(servers: Servers, marketId: string): Promise<PriceTick> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const client = await servers.temporal()
  const ticked = await callTemporal(
    client,
    () =>
      client.workflow.execute<(input: { marketId: string }) => Promise<PriceUpdateResult>>('priceUpdate', {
        workflowId: priceScheduleId(marketId),
        taskQueue: servers.environment().temporal.taskQueue,
        args: [{ marketId }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `prices of market ${marketId}`,
        typedSearchAttributes: searchAttributesOf({ marketId }),
      }),
    TICK_WAIT_MS,
  )
  if ('closed' in ticked) throw refused(refuse('market_closed', ticked.message, 'marketId').error)
  return ticked
}

async function schedulesOf(servers: Servers): Promise<PriceSchedules> {
  const { createPriceSchedules } = await import('../../shared/temporal/price-schedules.ts')
  return createPriceSchedules(await servers.temporal(), servers.environment().temporal.taskQueue)
}

async function existing(schedules: PriceSchedules, marketId: string): Promise<Schedule> {
  const schedule = await schedules.find(marketId)
  if (schedule !== null) return schedule
  const message = `market ${marketId} has no schedule of price updates: \`bourse market start ${marketId}\` makes it`
  throw refused({ code: 'no_price_schedule', message, field: 'marketId' })
}
