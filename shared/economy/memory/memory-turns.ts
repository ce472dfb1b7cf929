import { REFUSAL_FOLDING_SECONDS } from '../../bid/folded-refusal.ts'
import { decideNextStep, type MarketFacts, secondsUntilNextLook } from '../../market/next-step.ts'
import type { MarketTurn } from '../economy.ts'
import type { Outcome } from '../refusal.ts'
import { isOver, pendingBids } from './memory-book.ts'
import type { MemoryMarket, MemoryState } from './memory-state.ts'

/** Decides what the market does next, and notes when it looks again. */
export function takeTurn(state: MemoryState, market: MemoryMarket, publishing: boolean): Outcome<MarketTurn> {
  const facts = factsOf(state, market, publishing)
  const next = decideNextStep(facts)
  const seconds = secondsUntilNextLook(next)
  market.asleep = next.step === 'sleep' || next.step === 'closed'
  market.wakeAtMs = seconds === null ? null : facts.nowMs + seconds * 1000
  const { status, rules } = market
  const { pricePeriodSeconds } = rules
  const { unpublished, executionsDue } = facts
  return { ok: true, next, unpublished, executionsDue, status, pricePeriodSeconds }
}

function factsOf(state: MemoryState, market: MemoryMarket, publishing: boolean): MarketFacts {
  const nowMs = state.now()
  const last = market.cycles.at(-1)
  const pending = pendingBids(market)
  const active = market.leases.filter(lease => lease.status === 'active')
  const longestAgo = pending
    .flatMap(bid => bid.lastConsideredCycle ?? [])
    .toSorted((a, b) => Number(a - b))[0]
  const lastLook = longestAgo === undefined ? undefined : market.cycles[Number(longestAgo) - 1]
  const lookedAtMs = lastLook?.outcome?.effectiveAtMs ?? nowMs
  const supplyReturned = market.leases.some(lease => lease.endsAtMs > lookedAtMs && lease.endsAtMs <= nowMs)
  const repriced =
    market.rules.policy === 'posted-price' &&
    lastLook !== undefined &&
    market.prices?.prices.some(({ priceMicro }, place) => priceMicro !== lastLook.pricesMicro[place]) === true
  const dueTimes = [
    ...active.map(lease => lease.endsAtMs),
    ...pending.flatMap(bid => bid.expiresAtMs ?? []),
    ...market.refusals.map(({ sinceMs }) => sinceMs + REFUSAL_FOLDING_SECONDS * 1000),
    ...(isOver(market) ? [] : [...market.agents.values()].flatMap(agent => agent.judgeAtMs ?? [])),
  ]
  return {
    nowMs,
    status: market.status,
    cycleSeconds: market.rules.cycleSeconds,
    openCycle: last !== undefined && last.outcome === null ? last.number : null,
    lastCycle: last === undefined ? null : { number: last.number, openedAtMs: last.openedAtMs },
    newBids: pending.some(bid => bid.lastConsideredCycle === null),
    worthAnotherLook: supplyReturned || repriced,
    tidyAtMs: dueTimes.length === 0 ? null : Math.min(...dueTimes),
    commitments: active.length > 0,
    publishing,
    unpublished: market.events.length > market.publishedSeq,
    // Programs run beside the economy, on Postgres alone.
    executionsDue: false,
  }
}
