import { collect, EventsMissing } from '../bus/collect.ts'
import type { Bus } from '../bus/connect.ts'
import {
  readAgentStates,
  readAllowanceStates,
  readBidStates,
  readCycleStates,
  readExecutionStates,
  readHoldStates,
  readLeaseStates,
  readMarketState,
  readPriceStates,
  readPromptStates,
  readServiceStates,
} from '../db/events/read-state.ts'
import type { DatabaseClient } from '../db/pool.ts'
import { apply } from '../events/apply.ts'
import { EventDoesNotFit } from '../events/changes/change.ts'
import { type EconomyState, emptyState, type MarketState } from '../events/state.ts'
import { compareStates, type StateComparison } from './compare-states.ts'
import { type Check, detailOf } from './report.ts'

interface RebuildQuestion {
  bus: Bus
  marketId: string
  /** The last event of the snapshot that is compared. */
  lastSeq: number
  /** The publisher is waited for as long as it makes progress within this time. */
  waitMs: number
}

export const REBUILD_CHECK = 'every event applies to the state before it'

class StreamStalled extends Error {}

/** Rebuilds a market from its stream alone and compares it with Postgres at the client's snapshot. */
export async function checkRebuilt(client: DatabaseClient, question: RebuildQuestion): Promise<Check[]> {
  const { marketId, lastSeq } = question
  const state = emptyState()
  const { problem, firstSeq } = await rebuild(state, question)
  const rebuilt: Check = {
    name: REBUILD_CHECK,
    market: marketId,
    ok: problem === null,
    checked: Math.max(state.seq - firstSeq + 1, 0),
    detail: problem ?? (firstSeq > 1 ? `from the checkpoint at event ${firstSeq}, not from event 1` : null),
  }
  if (problem !== null || lastSeq === 0) return [rebuilt]
  const checks = [rebuilt]
  for (const [name, compare] of COMPARISONS) {
    const { checked, wrong, examples } = await compare(client, marketId, state)
    checks.push({ name, market: marketId, ok: wrong === 0, checked, detail: detailOf(wrong, examples) })
  }
  return checks
}

/** Applies the stream's events up to the last one asked for; answers what kept it from that, and where it began. */
async function rebuild(
  state: EconomyState,
  { bus, marketId, lastSeq, waitMs }: RebuildQuestion,
): Promise<{ problem: string | null; firstSeq: number }> {
  let firstSeq = 1
  const stalled = new AbortController()
  const timer = setTimeout(() => stalled.abort(new StreamStalled()), waitMs)
  try {
    const events = collect({ bus, marketId, signal: stalled.signal, follow: false, untilSeq: lastSeq })
    for await (const event of events) {
      if (state.seq === 0) firstSeq = event.seq
      apply(state, event)
      timer.refresh()
    }
    return { problem: null, firstSeq }
  } catch (error) {
    if (error instanceof EventDoesNotFit || error instanceof EventsMissing)
      return { problem: error.message, firstSeq }
    if (!(error instanceof StreamStalled)) throw error
    const problem = `the stream gave no event after ${state.seq} of ${lastSeq} for ${waitMs / 1000} s`
    return { problem, firstSeq }
  } finally {
    clearTimeout(timer)
  }
}

type Comparison = (client: DatabaseClient, marketId: string, state: EconomyState) => Promise<StateComparison>

const COMPARISONS: [name: string, compare: Comparison][] = [
  [
    'the market is what its events say',
    async (client, marketId, state) => {
      const stored: [string, MarketState] = [marketId, await readMarketState(client, marketId)]
      return await compareStates('market', [stored], new Map([[marketId, state.market!]]))
    },
  ],
  [
    'agents and balances are what the events say',
    (client, marketId, state) => compareStates('agent', readAgentStates(client, marketId), state.agents),
  ],
  [
    'bids are what the events say',
    (client, marketId, state) =>
      compareStates('bid', readBidStates(client, marketId), state.bids, state.finished.bid),
  ],
  [
    'holds are what the events say',
    (client, marketId, state) =>
      compareStates('hold', readHoldStates(client, marketId), state.holds, state.finished.hold),
  ],
  [
    'leases are what the events say',
    (client, marketId, state) =>
      compareStates('lease', readLeaseStates(client, marketId), state.leases, state.finished.lease),
  ],
  [
    'settled cycles are what the events say',
    (client, marketId, state) =>
      compareStates('cycle', readCycleStates(client, marketId), state.cycles, state.finished.cycle),
  ],
  [
    'posted prices are what the events say',
    (client, marketId, state) =>
      compareStates('price', readPriceStates(client, marketId), state.prices, state.finished.price),
  ],
  [
    'executions are what the events say',
    (client, marketId, state) =>
      compareStates(
        'execution',
        readExecutionStates(client, marketId),
        state.executions,
        state.finished.execution,
      ),
  ],
  [
    'prompts are what the events say',
    (client, marketId, state) =>
      compareStates('prompt', readPromptStates(client, marketId), state.prompts, state.finished.prompt),
  ],
  [
    'allowances are what the events say',
    (client, marketId, state) =>
      compareStates('allowance', readAllowanceStates(client, marketId), state.allowances),
  ],
  [
    'services are what the events say',
    (client, marketId, state) =>
      compareStates('service', readServiceStates(client, marketId), state.services),
  ],
]
