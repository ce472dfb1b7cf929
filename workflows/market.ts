import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { MarketActivities } from '../activities/market-activities.ts'
import type { PriceActivities } from '../activities/price-activities.ts'
import type { PublishActivities } from '../activities/publish-activities.ts'
import {
  cycleWorkflowId,
  type MarketInput,
  type MarketState,
  marketWorkflowId,
  priceTaskQueue,
  queries,
  signals,
  updates,
} from '../shared/contracts/workflows.ts'
import type { CycleSummary, MarketStatus, MarketTurn } from '../shared/economy/economy.ts'
import { allocationCycle } from './allocation-cycle.ts'
import { readInput, readName, requireWorkflowId } from './input.ts'

const { takeTurn, tidyMarket, releaseOpenBids, openCycle, settleCycle, changeMarketStatus } =
  proxyActivities<MarketActivities>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '100 ms', maximumInterval: '5 seconds' },
  })
const { publishEvents } = proxyActivities<PublishActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '200 ms', maximumInterval: '10 seconds' },
})

export const look = defineSignal<[unknown?]>(signals.look)
export const pause = defineUpdate<MarketStatus, [unknown?]>(updates.pause)
export const resume = defineUpdate<MarketStatus, [unknown?]>(updates.resume)
export const close = defineUpdate<MarketStatus, [unknown?]>(updates.close)
export const step = defineUpdate<CycleSummary, [unknown?]>(updates.step)
export const state = defineQuery<MarketState>(queries.state)

/** After a cycle that could not be run, the market waits this long before it looks again. */
const PAUSE_AFTER_FAILURE = '1 second'
/** What a market that ends still waits for its price schedule to be gone; the schedule's next update removes it else. */
const FAREWELL_WAIT = '10 seconds'
/** Publication that stopped for good (its stream is ahead of its table) is tried again after this long. */
const PAUSE_AFTER_STOPPED_PUBLICATION = '30 seconds'

/**
 * A market at work: it looks at what is due, does it, tells it, and sleeps until something is due again. It carries
 * nothing but its market's id; every decision is read from Postgres.
 */
export async function market(input?: MarketInput): Promise<void> {
  const marketId = readName(readInput(input, ['marketId']).marketId, 'marketId', 1)
  requireWorkflowId(marketWorkflowId(marketId))
  let hinted = false
  let publishing = false
  let turn: MarketTurn | null = null
  let lastCycle: CycleSummary | null = null
  /** What the price schedule was last kept for. */
  let scheduledFor: string | null = null
  let keeping = false
  const { keepPriceSchedule } = proxyActivities<PriceActivities>({
    taskQueue: priceTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '30 seconds',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '500 ms', maximumInterval: '30 seconds' },
  })

  setHandler(
    look,
    () => {
      hinted = true
    },
    { description: 'There may be work: look now.' },
  )
  setHandler(state, () => ({
    marketId,
    status: turn?.status ?? null,
    next: turn?.next ?? null,
    lastCycle,
    publishing,
  }))
  const changeStatus = (change: 'pause' | 'resume' | 'close') => async (): Promise<MarketStatus> => {
    const { status } = await changeMarketStatus({ marketId, change, actor: 'operator' })
    hinted = true
    return status
  }
  setHandler(pause, changeStatus('pause'), { description: 'Stop clearing; bids are still admitted.' })
  setHandler(resume, changeStatus('resume'), { description: 'Clear again.' })
  setHandler(close, changeStatus('close'), { description: 'Admit no more bids, release the open ones, end.' })
  setHandler(
    step,
    async () => {
      // Each request opens a cycle of its own; a retry of the same request finds the one it opened.
      const run = `${workflowInfo().runId}/${currentUpdateInfo()!.id}`
      const opened = await openCycle({ marketId, cycle: null, run })
      lastCycle = await runCycle(marketId, opened.cycle)
      hinted = true
      return lastCycle
    },
    { description: 'Run one cycle now, on a paused market too.' },
  )

  while (!isOver()) {
    hinted = false
    turn = await takeTurn({ marketId, publishing })
    if (turn.unpublished && !publishing) void publish()
    if (!keeping && scheduleFor(turn) !== scheduledFor && patched('price-schedule')) void keepSchedule(turn)
    setCurrentDetails(describe(marketId, turn, lastCycle))
    const { next } = turn
    switch (next.step) {
      case 'tidy':
        await tidyMarket({ marketId })
        break
      case 'clear':
        await clear(next.cycle)
        break
      case 'release':
        await releaseOpenBids({ marketId })
        break
      case 'wait':
      case 'sleep':
        await lookAgain(next.seconds)
        break
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof market>({ marketId })
    }
  }
  await condition(allHandlersFinished)
  if (keeping) await condition(() => !keeping, FAREWELL_WAIT)

  function isOver(): boolean {
    return turn?.next.step === 'closed'
  }

  async function clear(cycle: number): Promise<void> {
    try {
      lastCycle = await runCycle(marketId, cycle)
    } catch (error) {
      log.warn('a cycle was not finished; the market looks again', { marketId, cycle, error })
      await sleep(PAUSE_AFTER_FAILURE)
    }
  }

  async function publish(): Promise<void> {
    publishing = true
    try {
      await publishEvents({ marketId })
    } catch (error) {
      log.warn('publication stopped; it is tried again', { marketId, error })
      await sleep(PAUSE_AFTER_STOPPED_PUBLICATION)
    } finally {
      publishing = false
      hinted = true
    }
  }

  /** Beside the loop, like publication: a cycle, a pause or a close never waits for a schedule. */
  async function keepSchedule(wanted: MarketTurn): Promise<void> {
    keeping = true
    try {
      await keepPriceSchedule({ marketId })
    } catch (error) {
      log.warn('the price schedule was not kept', { marketId, error })
    } finally {
      scheduledFor = scheduleFor(wanted)
      keeping = false
      if (turn !== null && scheduleFor(turn) !== scheduledFor) hinted = true
    }
  }

  async function lookAgain(seconds: number | null): Promise<void> {
    const isHinted = () => hinted || workflowInfo().continueAsNewSuggested
    if (seconds === null) await condition(isHinted)
    else await condition(isHinted, Math.max(1, Math.ceil(seconds * 1000)))
  }
}

/** Runs a cycle as a workflow of its own; one that is already running is finished here and answers the same. */
async function runCycle(marketId: string, cycle: number): Promise<CycleSummary> {
  try {
    return await executeChild(allocationCycle, {
      workflowId: cycleWorkflowId(marketId, cycle),
      args: [{ marketId, cycle }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `cycle ${cycle} of market ${marketId}`,
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return await settleCycle({ marketId, cycle })
  }
}

/** What the price schedule depends on. */
function scheduleFor({ status, pricePeriodSeconds }: MarketTurn): string {
  return status === 'closing' || status === 'closed' ? 'none' : `${status}, every ${pricePeriodSeconds} s`
}

function describe(marketId: string, turn: MarketTurn, lastCycle: CycleSummary | null): string {
  const { next, status } = turn
  const plans = {
    tidy: 'ending leases and expiring bids',
    clear: 'clearing a cycle',
    release: 'releasing open bids',
    wait: 'waiting for the next cycle',
    sleep: "asleep until a bid, a lease's end or an expiry",
    closed: 'closed',
  }
  const last =
    lastCycle === null
      ? ''
      : ` Last cycle ${lastCycle.cycle}: ${lastCycle.winners} won, ${lastCycle.losers} were outbid, ${lastCycle.revenue} credits paid.`
  return `Market ${marketId} is ${status}: ${plans[next.step]}.${last}`
}
