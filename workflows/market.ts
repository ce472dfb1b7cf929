import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  allHandlersFinished,
  CancellationScope,
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
import type { ExecutionDutyActivities } from '../activities/execution-activities.ts'
import type { MarketActivities } from '../activities/market-activities.ts'
import type { PriceActivities } from '../activities/price-activities.ts'
import type { PublishActivities } from '../activities/publish-activities.ts'
import { searchAttributesOf } from '../shared/contracts/search-attributes.ts'
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
import type { CycleSummary, MarketStatus, MarketTurn, NextStep } from '../shared/economy/economy.ts'
import type { MarketGlance } from '../shared/market/glances.ts'
import { allocationCycle } from './allocation-cycle.ts'
import { describeMarket } from './describe-market.ts'
import { readInput, readName, requireWorkflowId } from './input.ts'
import { onCancelled, shieldHandlers } from './on-cancelled.ts'
import { reasonOf, refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'
import { inTrace, untraced } from './trace-context.ts'

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
  summary: 'publish events',
})
const { tendExecutions } = proxyActivities<ExecutionDutyActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '200 ms', maximumInterval: '10 seconds' },
  summary: "start agents' programs",
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
 * nothing but its market's id; every decision is read from Postgres. Cancelled, it closes its market.
 */
export async function market(input?: MarketInput): Promise<void> {
  const marketId = readName(readInput(input, ['marketId']).marketId, 'marketId', 1)
  requireWorkflowId(marketWorkflowId(marketId))
  setSearchAttributes({ marketId }, 'search-attributes')
  try {
    await CancellationScope.nonCancellable(() => untraced(() => run(marketId)))
  } catch (error) {
    throw refusalOnTop(error)
  }
}

async function run(marketId: string): Promise<void> {
  const shielded = shieldHandlers()
  let hinted = false
  let mustClose = false
  let publishing = false
  let tending = false
  let publicationProblem: string | null = null
  let turn: MarketTurn | null = null
  let glance: MarketGlance | null = null
  let lastCycle: CycleSummary | null = null
  /** What the price schedule was last kept for. */
  let scheduledFor: string | null = null
  let keeping = false
  const { keepPriceSchedule } = proxyActivities<PriceActivities>({
    taskQueue: priceTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '30 seconds',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '500 ms', maximumInterval: '30 seconds' },
    summary: 'keep the schedule of price updates',
  })

  setHandler(
    look,
    () => {
      hinted = true
    },
    { description: 'There may be work: look now. Carries nothing.' },
  )
  setHandler(
    state,
    () => ({
      marketId,
      status: turn?.status ?? null,
      next: turn?.next ?? null,
      lastCycle,
      publishing,
      publicationProblem,
    }),
    { description: 'Status, next step, last cycle, publication. Takes nothing.' },
  )
  const changeStatus = async (change: 'pause' | 'resume' | 'close'): Promise<MarketStatus> => {
    try {
      const { status } = await changeMarketStatus.executeWithOptions({ summary: `${change} the market` }, [
        { marketId, change, actor: 'operator' },
      ])
      hinted = true
      return status
    } catch (error) {
      throw refusalOnTop(error)
    }
  }
  setHandler(pause, () => shielded(() => changeStatus('pause')), {
    description: 'Stop clearing; bids are still admitted. Takes nothing, answers the new status.',
  })
  setHandler(resume, () => shielded(() => changeStatus('resume')), {
    description: 'Clear again. Takes nothing, answers the new status.',
  })
  setHandler(close, () => shielded(() => changeStatus('close')), {
    description: 'Admit no more bids, release the open ones, end with the last lease. Cannot be taken back.',
  })
  setHandler(step, () => shielded(runOneCycle), {
    description: 'Run one cycle now, on a paused market too. Takes nothing, answers the cycle.',
  })
  onCancelled(() => {
    mustClose = true
    hinted = true
  })

  while (!isOver()) {
    hinted = false
    if (mustClose) await closeOnce()
    const {
      glance: seen,
      cycleTraceparent,
      ...decided
    } = await takeTurn.executeWithOptions({ summary: 'what is due?' }, [{ marketId, publishing }])
    turn = decided
    glance = seen ?? glance
    if (turn.unpublished && !publishing) void publish()
    if (turn.executionsDue && !tending) void tend()
    if (!keeping && scheduleFor(turn) !== scheduledFor && patched('price-schedule')) void keepSchedule(turn)
    show(turn)
    const { next } = turn
    switch (next.step) {
      case 'tidy':
        await tidyMarket.executeWithOptions({ summary: 'end leases, expire bids' }, [{ marketId }])
        break
      case 'clear':
        await inTrace(cycleTraceparent, () => clear(next.cycle))
        break
      case 'release':
        await releaseOpenBids.executeWithOptions({ summary: 'release open bids' }, [{ marketId }])
        break
      case 'wait':
      case 'sleep':
        await lookAgain(next)
        break
    }
    if (workflowInfo().continueAsNewSuggested && !mustClose) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof market>({ marketId })
    }
  }
  await condition(allHandlersFinished)
  if (keeping) await condition(() => !keeping, FAREWELL_WAIT)

  function isOver(): boolean {
    return turn?.next.step === 'closed'
  }

  function show(seen: MarketTurn): void {
    setCurrentDetails(describeMarket({ marketId, turn: seen, glance, lastCycle, publicationProblem }))
  }

  async function closeOnce(): Promise<void> {
    mustClose = false
    await changeStatus('close')
  }

  /** Each request opens a cycle of its own; a retry of the same request finds the one it opened. */
  async function runOneCycle(): Promise<CycleSummary> {
    const request = `${workflowInfo().runId}/${currentUpdateInfo()!.id}`
    try {
      const opened = await openCycle.executeWithOptions({ summary: 'open a cycle on request' }, [
        { marketId, cycle: null, run: request },
      ])
      lastCycle = await runCycle(marketId, opened.cycle)
      hinted = true
      return lastCycle
    } catch (error) {
      throw refusalOnTop(error)
    }
  }

  async function clear(cycle: number): Promise<void> {
    try {
      lastCycle = await runCycle(marketId, cycle)
    } catch (error) {
      log.warn('a cycle was not finished; the market looks again', { marketId, cycle, error })
      await sleep(PAUSE_AFTER_FAILURE, { summary: `cycle ${cycle} was not finished: look again` })
    }
  }

  async function publish(): Promise<void> {
    publishing = true
    try {
      await publishEvents({ marketId })
      publicationProblem = null
    } catch (error) {
      publicationProblem = reasonOf(error)
      if (turn !== null) show(turn)
      log.warn('publication stopped; it is tried again', { marketId, error })
      await sleep(PAUSE_AFTER_STOPPED_PUBLICATION, { summary: 'publication stopped: try again' })
    } finally {
      publishing = false
      hinted = true
    }
  }

  /** Beside the loop, like publication: programs are started off the cycles' way. */
  async function tend(): Promise<void> {
    tending = true
    try {
      await tendExecutions({ marketId })
    } catch (error) {
      log.warn("agents' programs were not started; that is tried again", { marketId, error })
      await sleep(PAUSE_AFTER_FAILURE, { summary: "agents' programs were not started: try again" })
    } finally {
      tending = false
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

  async function lookAgain(next: Extract<NextStep, { step: 'wait' | 'sleep' }>): Promise<void> {
    const isHinted = () => hinted || workflowInfo().continueAsNewSuggested
    if (next.seconds === null) return await condition(isHinted)
    const summary = next.step === 'wait' ? 'until the next cycle' : 'until something is due'
    await condition(isHinted, Math.max(1, Math.ceil(next.seconds * 1000)), { summary })
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
      typedSearchAttributes: searchAttributesOf({ marketId, cycle }),
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return await settleCycle.executeWithOptions({ summary: `clear and settle cycle ${cycle}` }, [
      { marketId, cycle },
    ])
  }
}

/** What the price schedule depends on. */
function scheduleFor({ status, pricePeriodSeconds }: MarketTurn): string {
  return status === 'closing' || status === 'closed' ? 'none' : `${status}, every ${pricePeriodSeconds} s`
}
