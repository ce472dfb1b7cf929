import { v7 as uuidV7 } from 'uuid'
import { answerAgain } from '../economy/first-outcome.ts'
import {
  appendEvents,
  findOutcome,
  ledgerAgentOf,
  type MemoryMarket,
  type MemoryState,
  postMovements,
  storeOutcome,
} from '../economy/memory/memory-state.ts'
import { type Outcome, refuseUnknownMarket } from '../economy/refusal.ts'
import { judgeWhenBroke } from '../life/life.ts'
import {
  decideAdjust,
  decideGrant,
  decidePlaceHold,
  decideReleaseHold,
  decideSettleHold,
  decideTransfer,
  type LedgerAgent,
  type LedgerDecision,
} from './decisions.ts'
import type { Ledger } from './ledger.ts'
import { refuseMintExhausted } from './mint-limit.ts'
import { textProblem } from './text-problem.ts'

/** Whose key it is: an agent's name, or null for an operator's. */
interface Keyed {
  agent: string | null
  key: string | null
  content: Record<string, unknown>
}

type Decide<T> = (agents: ReadonlyMap<string, LedgerAgent>, operationId: string) => LedgerDecision<T>

/** The ledger in memory. */
export function createMemoryLedger(state: MemoryState): Ledger {
  function run<T>(request: { marketId: string }, keyed: Keyed | null, decide: Decide<T>): Outcome<T> {
    const problem = textProblem(request)
    if (problem !== null) return problem
    const market = state.markets.get(request.marketId)
    if (market === undefined) return refuseUnknownMarket(request.marketId)
    return runOperation(state, market, keyed, decide)
  }
  const holdOf = (marketId: string, holdId: string) => state.markets.get(marketId)?.holds.get(holdId) ?? null

  return {
    async transfer(request) {
      const { key, marketId: _marketId, ...content } = request
      const keyed = { agent: request.from, key, content: { operation: 'transfer', ...content } }
      return run(request, keyed, (agents, id) => decideTransfer(agents, request, id))
    },
    async grant(request) {
      const { key, marketId: _marketId, actor: _actor, ...content } = request
      const keyed = { agent: null, key, content: { operation: 'grant', ...content } }
      return run(request, keyed, (agents, id) => decideGrant(agents, request, id))
    },
    async adjust(request) {
      const { key, marketId: _marketId, actor: _actor, ...content } = request
      const keyed = { agent: null, key, content: { operation: 'adjust', ...content } }
      return run(request, keyed, (agents, id) => decideAdjust(agents, request, id))
    },
    async placeHold(request) {
      const { key, marketId: _marketId, ...content } = request
      const keyed = { agent: request.agent, key, content: { operation: 'hold', ...content } }
      return run(request, keyed, (agents, id) => decidePlaceHold(agents, request, id))
    },
    async settleHold(request) {
      const hold = holdOf(request.marketId, request.holdId)
      return run(request, null, (agents, id) => decideSettleHold(agents, hold, request, id))
    },
    async releaseHold(request) {
      const hold = holdOf(request.marketId, request.holdId)
      return run(request, null, (agents, id) => decideReleaseHold(agents, hold, request, id))
    },
  }
}

function runOperation<T>(
  state: MemoryState,
  market: MemoryMarket,
  keyed: Keyed | null,
  decide: Decide<T>,
): Outcome<T> {
  const isKnown = keyed !== null && (keyed.agent === null || market.agents.has(keyed.agent))
  const key = isKnown ? keyed.key : null
  if (key !== null) {
    const first = findOutcome(market, keyed!.agent, key, keyed!.content)
    if (first !== undefined) return answerAgain<Outcome<T>>(first, key)
  }
  const { outcome, agents, movements, hold, events } = decide(ledgerAgents(market), uuidV7())
  if (!postMovements(market, movements)) return refuseMintExhausted(market.marketId)
  for (const { name, availableMicro, heldMicro } of agents) {
    const agent = Object.assign(market.agents.get(name)!, { availableMicro, heldMicro })
    judgeWhenBroke(agent, state.now())
  }
  if (hold !== null) market.holds.set(hold.holdId, hold)
  if (key !== null) storeOutcome(market, keyed!.agent, key, keyed!.content, outcome)
  if (events.length > 0) appendEvents(state, market, events)
  return outcome
}

function ledgerAgents(market: MemoryMarket): Map<string, LedgerAgent> {
  return new Map([...market.agents.keys()].map(name => [name, ledgerAgentOf(market, name)!]))
}
