import { v7 as uuidV7 } from 'uuid'
import { PPM_OF_CAPACITY } from '../../bundle/bundle.ts'
import { draftEvent } from '../../events/draft.ts'
import { refuseMintExhausted } from '../../ledger/mint-limit.ts'
import { changesLives, firstJudgementMs, lifeRulesOf, restFrom } from '../../life/life.ts'
import { restAfterBids } from '../../life/rest.ts'
import { releaseHold, releaseHolds } from '../../market/bid-holds.ts'
import { bidIdProblem, decideCancellation } from '../../market/cancellation.ts'
import { changeRules } from '../../market/change-rules.ts'
import { changeStatus, type StatusChange } from '../../market/change-status.ts'
import { summariseCycle } from '../../market/cycle-summary.ts'
import { pausedUpToMs } from '../../market/market-clock.ts'
import { nameSchema } from '../../market/names.ts'
import { refuseAgentExists, registrationEffects, registrationProblem } from '../../market/registration.ts'
import type { MarketRules } from '../../market/rules.ts'
import { formatCredits } from '../../money/credits.ts'
import { choosePriceSource } from '../../pricing/price-source.ts'
import type { Economy, MarketStatus } from '../economy.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../refusal.ts'
import { admitBids } from './memory-admission.ts'
import { existing, payersOf, pendingBids, waitingBids } from './memory-book.ts'
import { openCycle, settle } from './memory-cycles.ts'
import { priceAgeSeconds, tickMemoryPrices } from './memory-prices.ts'
import { appendEvents, type MemoryMarket, type MemoryState, postMovements } from './memory-state.ts'
import { tidy } from './memory-tidying.ts'
import { takeTurn } from './memory-turns.ts'

/** The economy in memory, for tests: the rules are the pure functions that the adapter on Postgres asks too. */
export function createMemoryEconomy(state: MemoryState): Economy {
  const find = (marketId: string) => state.markets.get(marketId)
  const status = (change: StatusChange) => async (marketId: string, actor: string) => {
    const market = find(marketId)
    return market === undefined ? refuseUnknownMarket(marketId) : setStatus(state, market, change, actor)
  }

  return {
    async createMarket(marketId, { displayName, resources, rules }) {
      const name = nameSchema.safeParse(marketId)
      if (!name.success) {
        return refuse('invalid_market', `a market's id ${name.error.issues[0]!.message}`, 'marketId')
      }
      if (state.markets.has(marketId)) {
        return refuse('market_exists', `there is already a market ${JSON.stringify(marketId)}`, 'marketId')
      }
      const market: MemoryMarket = {
        marketId,
        displayName: displayName ?? marketId,
        status: 'open',
        accepting: true,
        asleep: true,
        wakeAtMs: null,
        resources,
        leasedPpm: resources.map(() => 0),
        rules,
        pauses: { pausedMs: 0, pausedAtMs: null },
        prices: null,
        agreedPeriodSeconds: null,
        agents: new Map(),
        ownerBuckets: new Map(),
        bids: new Map(),
        holds: new Map(),
        leases: [],
        prompts: new Map(),
        allowances: new Map(),
        cycles: [],
        operations: new Map(),
        refusals: [],
        accounts: { mint: 0n, burn: 0n, escrow: 0n },
        movements: [],
        events: [],
        publishedSeq: 0,
      }
      state.markets.set(marketId, market)
      const created = draftEvent(
        'create',
        'market_created',
        { resources, rules },
        { correlationId: marketId },
      )
      appendEvents(state, market, [created])
      return { ok: true, marketId }
    },

    async registerAgent(request) {
      const { marketId, agent, creditsMicro } = request
      const problem = registrationProblem(request)
      if (problem !== null) return problem
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      if (market.agents.has(agent)) return refuseAgentExists(marketId, agent)
      if (!market.accepting) return refuse('market_closed', `market ${marketId} is closed`, 'marketId')
      const agentId = state.agentsMade + 1n
      const { balance, events, movements } = registrationEffects(request, agentId)
      if (!postMovements(market, movements)) return refuseMintExhausted(marketId)
      state.agentsMade = agentId
      const bornMs = state.now()
      market.agents.set(agent, {
        agentId,
        name: agent,
        status: 'alive',
        dormantReason: null,
        idleFromMs: bornMs,
        judgeAtMs: firstJudgementMs(lifeRulesOf(market.rules), bornMs),
        availableMicro: creditsMicro,
        heldMicro: 0n,
        openBids: 0,
        bucket: null,
        frozen: false,
        ownerName: request.owner ?? null,
      })
      appendEvents(state, market, events)
      return { ok: true, agent, balance }
    },

    admitBids: async (marketId, submissions) => admitBids(state, marketId, submissions),

    async cancelBid(request) {
      const problem = bidIdProblem(request.bidId)
      if (problem !== null) return problem
      const market = find(request.marketId)
      const bid = market?.bids.get(request.bidId) ?? null
      const { outcome, event } = decideCancellation(request, bid, uuidV7())
      if (event === null || market === undefined || bid === null) return outcome
      bid.status = 'cancelled'
      releaseHold(market.agents.get(bid.payer)!, bid.amountMicro)
      for (const name of [bid.payer, bid.beneficiary]) {
        restFrom(market.agents.get(name)!, lifeRulesOf(market.rules), state.now())
      }
      appendEvents(state, market, [event])
      return outcome
    },

    async changeRules(marketId, changes, actor) {
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const { rules: before, status } = market
      if (status === 'closing' || status === 'closed') {
        return refuse('market_closed', `market ${marketId} is ${status}; its rules stay`, 'marketId')
      }
      const decided = changeRules(before, changes)
      if (!decided.ok) return decided
      const { rules, changed } = decided
      if (changed.length === 0) return { ok: true, rules }
      market.rules = rules
      if (changesLives(changed)) {
        for (const agent of market.agents.values()) if (agent.status !== 'dead') agent.judgeAtMs = state.now()
      }
      const pick = (from: MarketRules) => Object.fromEntries(changed.map(rule => [rule, from[rule]]))
      const data = { before: pick(before), after: pick(rules), actor }
      appendEvents(state, market, [
        draftEvent(uuidV7(), 'market_rules_changed', data, { correlationId: marketId }),
      ])
      return { ok: true, rules }
    },

    async openCycle(marketId, number, run) {
      const market = find(marketId)
      return market === undefined ? refuseUnknownMarket(marketId) : openCycle(state, market, number, run)
    },

    async settleCycle(marketId, number) {
      return settle(state, existing(state, marketId), number)
    },

    async tickPrices(marketId, tickMs) {
      const market = find(marketId)
      return market === undefined ? refuseUnknownMarket(marketId) : tickMemoryPrices(state, market, tickMs)
    },

    async findPriceSchedule(marketId) {
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const { status, rules, agreedPeriodSeconds } = market
      return { ok: true, status, periodSeconds: rules.pricePeriodSeconds, agreedSeconds: agreedPeriodSeconds }
    },

    async agreePricePeriod(marketId, seconds) {
      existing(state, marketId).agreedPeriodSeconds = seconds
    },

    tidyMarket: async marketId => tidy(state, existing(state, marketId)),

    async takeTurn(marketId, publishing) {
      const market = find(marketId)
      return market === undefined ? refuseUnknownMarket(marketId) : takeTurn(state, market, publishing)
    },

    pauseMarket: status('pause'),
    resumeMarket: status('resume'),
    beginClosing: status('close'),

    async releaseOpenBids(marketId) {
      const market = find(marketId)
      const isCycleOpen = market?.cycles.at(-1)?.outcome === null
      if (market?.status !== 'closing' || isCycleOpen) {
        return { released: 0, closed: market?.status === 'closed' }
      }
      const bids = waitingBids(market)
      if (bids.length === 0) {
        market.status = 'closed'
        return { released: 0, closed: true }
      }
      releaseHolds(payersOf(market), bids)
      restAfterBids(payersOf(market), lifeRulesOf(market.rules), bids, state.now())
      const operation = uuidV7()
      const events = bids.map(bid => {
        const data = { bid_id: bid.bidId, released: formatCredits(bid.amountMicro) }
        const context = { agent: bid.payer, correlationId: bid.bidId, traceparent: bid.traceparent }
        return draftEvent(operation, 'bid_cancelled', data, context)
      })
      for (const bid of bids) bid.status = 'cancelled'
      appendEvents(state, market, events)
      return { released: bids.length, closed: false }
    },

    async findMarket(marketId) {
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      return { ok: true, status: market.status, displayName: market.displayName }
    },

    async findAgent(marketId, agent) {
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      return { ok: true, exists: market.agents.has(agent) }
    },

    async describeMarket(marketId) {
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const lastSettled = market.cycles.findLast(cycle => cycle.outcome !== null)?.outcome
      const { displayName, status, rules, publishedSeq, wakeAtMs, asleep } = market
      const ageSeconds = priceAgeSeconds(market, state.now())
      return {
        ok: true,
        marketId,
        displayName,
        status,
        resources: market.resources.map((resource, place) => ({
          ...resource,
          leased: market.leasedPpm[place]! / PPM_OF_CAPACITY,
        })),
        rules,
        lastSeq: market.events.length,
        publishedSeq,
        wakeAt: wakeAtMs === null ? null : new Date(wakeAtMs).toISOString(),
        asleep,
        pendingBids: pendingBids(market).length,
        activeLeases: market.leases.filter(lease => lease.status === 'active').length,
        priceSource: choosePriceSource(ageSeconds, rules.pricePeriodSeconds),
        priceAgeSeconds: ageSeconds,
        lastCycle: lastSettled ? summariseCycle(lastSettled) : null,
      }
    },
  }
}

function setStatus(
  state: MemoryState,
  market: MemoryMarket,
  change: StatusChange,
  actor: string,
): Outcome<{ status: MarketStatus }> {
  const { marketId } = market
  const decided = changeStatus(marketId, market.status, change)
  if (!decided.ok) return decided
  const { status, event } = decided
  if (event === null) return { ok: true, status }
  market.status = status
  const nowMs = state.now()
  market.pauses = {
    pausedMs: pausedUpToMs(market.pauses, nowMs),
    pausedAtMs: status === 'paused' ? nowMs : null,
  }
  if (change === 'close') market.accepting = false
  appendEvents(state, market, [draftEvent(uuidV7(), event, { actor }, { correlationId: marketId })])
  return { ok: true, status }
}
