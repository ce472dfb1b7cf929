import { v7 as uuidV7 } from 'uuid'
import {
  appendEvents,
  ledgerAgentOf,
  type MemoryMarket,
  type MemoryState,
  postMovements,
} from '../economy/memory/memory-state.ts'
import { type Refusal, refuse, refuseUnknownAgent, refuseUnknownMarket } from '../economy/refusal.ts'
import { refuseMintExhausted } from '../ledger/mint-limit.ts'
import { textProblem } from '../ledger/text-problem.ts'
import { formatCredits } from '../money/credits.ts'
import type { AllowanceHolder, Allowances } from './allowance.ts'
import {
  allowanceEndedEvent,
  allowanceProblem,
  allowanceSetEvent,
  changeAllowance,
  holderKey,
  payAllowance,
  periodAt,
  refuseUnbegun,
  refuseUnknownOwner,
  summariseAllowance,
} from './decisions.ts'

/** Allowances in memory, beside the economy and the ledger of the same state. */
export function createMemoryAllowances(state: MemoryState): Allowances {
  return {
    async set(request) {
      const problem = allowanceProblem(request)
      if (problem !== null) return problem
      const { marketId, holder, actor } = request
      const market = state.markets.get(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const refusal = refuseClosed(market) ?? refuseUnknownHolder(market, holder)
      if (refusal !== null) return refusal
      const before = market.allowances.get(holderKey(holder)) ?? null
      const allowance = changeAllowance(before, request, state.now())
      if (allowance === null) return { ok: true, allowance: summariseAllowance(before!), changed: false }
      market.allowances.set(holderKey(holder), allowance)
      appendEvents(state, market, [allowanceSetEvent(uuidV7(), allowance, actor)])
      return { ok: true, allowance: summariseAllowance(allowance), changed: true }
    },
    async end({ marketId, holder, actor }) {
      const problem = textProblem({ marketId, ...holder })
      if (problem !== null) return problem
      const market = state.markets.get(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const refusal = refuseUnknownHolder(market, holder)
      if (refusal !== null) return refusal
      if (!market.allowances.delete(holderKey(holder))) return { ok: true, ended: false }
      appendEvents(state, market, [allowanceEndedEvent(uuidV7(), { holder, actor })])
      return { ok: true, ended: true }
    },
    async pay({ marketId, periodSeconds, atMs }) {
      const market = state.markets.get(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const refusal = refuseClosed(market) ?? refuseUnbegun(atMs, periodSeconds, state.now())
      if (refusal !== null) return refusal
      const period = periodAt(atMs, periodSeconds)
      const paidAgents = new Set<string>()
      let amountMicro = 0n
      for (const [key, before] of market.allowances) {
        if (before.periodSeconds !== periodSeconds) continue
        const payment = payAllowance(before, membersOf(market, before.holder), period, `${key}/${period}`)
        if (payment === null) continue
        if (!postMovements(market, payment.movements)) return refuseMintExhausted(marketId)
        market.allowances.set(key, payment.allowance)
        for (const { name, availableMicro } of payment.agents) {
          Object.assign(market.agents.get(name)!, { availableMicro })
          paidAgents.add(name)
        }
        amountMicro += payment.movements.reduce((sum, movement) => sum + movement.amountMicro, 0n)
        if (payment.events.length > 0) appendEvents(state, market, payment.events)
      }
      return { ok: true, period, agents: paidAgents.size, amount: formatCredits(amountMicro) }
    },
    async list(marketId, limit) {
      const market = state.markets.get(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const inOrder = [...market.allowances].toSorted(([one], [other]) => (one < other ? -1 : 1))
      return {
        ok: true,
        items: inOrder.slice(0, limit).map(([, allowance]) => summariseAllowance(allowance)),
      }
    },
  }
}

function membersOf(market: MemoryMarket, holder: AllowanceHolder) {
  const agents = [...market.agents.values()].filter(({ name, ownerName }) =>
    'agent' in holder ? name === holder.agent : ownerName === holder.owner,
  )
  return agents.map(({ name }) => ledgerAgentOf(market, name)!)
}

function refuseClosed({ marketId, status }: MemoryMarket): Refusal | null {
  if (status === 'open' || status === 'paused') return null
  return refuse('market_closed', `market ${marketId} is closed, and pays no allowances`, 'marketId')
}

function refuseUnknownHolder(market: MemoryMarket, holder: AllowanceHolder): Refusal | null {
  if ('agent' in holder) {
    return market.agents.has(holder.agent) ? null : refuseUnknownAgent(market.marketId, holder.agent)
  }
  const isKnown = [...market.agents.values()].some(agent => agent.ownerName === holder.owner)
  return isKnown ? null : refuseUnknownOwner(market.marketId, holder.owner)
}
