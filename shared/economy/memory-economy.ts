import { v7 as uuidV7 } from 'uuid'
import type { AdmissionAgent, AdmissionOwner, BidVerdict } from '../bid/admission.ts'
import { contentOfBid, decideBatch, readBatch } from '../bid/admission-batch.ts'
import {
  type CountedRefusal,
  foldedRefusalEvent,
  inTellingOrder,
  REFUSAL_FOLDING_SECONDS,
} from '../bid/folded-refusal.ts'
import { PPM_OF_CAPACITY } from '../bundle/bundle.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { refuseMintExhausted } from '../ledger/mint-limit.ts'
import {
  changesLives,
  firstJudgementMs,
  judge,
  judgementEvent,
  lifeRulesOf,
  restFrom,
  type Waiting,
} from '../life/life.ts'
import { restAfterBids, restAfterSettlement } from '../life/rest.ts'
import { releaseHold, releaseHolds, resolveHolds } from '../market/bid-holds.ts'
import { bidIdProblem, decideCancellation } from '../market/cancellation.ts'
import { changeRules } from '../market/change-rules.ts'
import { changeStatus, type StatusChange } from '../market/change-status.ts'
import { chooseCycle } from '../market/choose-cycle.ts'
import { summariseCycle } from '../market/cycle-summary.ts'
import { pausedUpToMs } from '../market/market-clock.ts'
import { nameSchema } from '../market/names.ts'
import { decideNextStep, type MarketFacts, secondsUntilNextLook } from '../market/next-step.ts'
import { refuseAgentExists, registrationEffects, registrationProblem } from '../market/registration.ts'
import type { MarketRules } from '../market/rules.ts'
import { bidExpiredEvent, decideSettlement, leaseEndedEvent } from '../market/settlement.ts'
import { wakeWinners } from '../market/wake-winners.ts'
import { formatCredits } from '../money/credits.ts'
import { FLOOR_PRICE_MICRO } from '../pricing/price-bounds.ts'
import { choosePriceSource } from '../pricing/price-source.ts'
import type { CycleSummary, Economy, MarketStatus } from './economy.ts'
import type { FirstOutcome } from './first-outcome.ts'
import { priceAgeSeconds, tickMemoryPrices } from './memory-prices.ts'
import {
  appendEvents,
  findOutcome,
  type MemoryAgent,
  type MemoryBid,
  type MemoryLease,
  type MemoryMarket,
  type MemoryState,
  postMovements,
  storeOutcome,
  wake,
} from './memory-state.ts'
import { type Outcome, refuse, refuseUnknownMarket } from './refusal.ts'
import { UnknownCycle } from './unknown-cycle.ts'

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

    async admitBids(marketId, submissions) {
      const { readable, refused, counted } = readBatch(submissions)
      const verdicts: BidVerdict[] = new Array(submissions.length)
      for (const { place, verdict } of refused) verdicts[place] = verdict
      const market = find(marketId)
      if (market === undefined) {
        const message = `there is no market ${JSON.stringify(marketId)}`
        for (const { place } of readable) {
          verdicts[place] = { ok: false, error: { code: 'unknown_market', message } }
        }
        return verdicts
      }
      const nowMs = state.now()
      const agents = admissionAgents(market)
      const firstOutcomes = new Map(
        readable.flatMap(bid => {
          const { key } = bid.request
          const first = key === null ? undefined : findOutcome(market, bid.agent, key, contentOfBid(bid))
          return first === undefined ? [] : [[bid, first] as [typeof bid, FirstOutcome]]
        }),
      )
      const decided = decideBatch({
        market: {
          accepting: market.accepting,
          rules: market.rules,
          resources: market.resources.map(resource => resource.name),
          pricesMicro: pricesOf(market),
        },
        agents,
        bids: readable,
        firstOutcomes,
        nowMs,
        newOperationId: uuidV7,
      })
      for (const { place, verdict } of decided.verdicts) verdicts[place] = verdict
      for (const { alive: _alive, owner, ...agent } of agents.values()) {
        Object.assign(market.agents.get(agent.name)!, agent)
        if (owner !== null) market.ownerBuckets.set(owner.name, owner.bucket)
      }
      countRefusals(state, market, [...counted, ...decided.counted])
      decided.told.forEach((one, ordinal) => {
        const { key, goodTillCancelled, expiresAtMs } = one.request
        if (key !== null) storeOutcome(market, one.agent, key, contentOfBid(one), one.verdict)
        if (one.admitted === null) return
        const { payer, beneficiary, amountMicro, quantitiesPpm, durationSeconds } = one.admitted
        market.bids.set(one.operationId, {
          bidId: one.operationId,
          payerId: payer.agentId,
          payer: payer.name,
          beneficiaryId: beneficiary.agentId,
          beneficiary: beneficiary.name,
          amountMicro,
          quantitiesPpm,
          durationSeconds,
          goodTillCancelled,
          expiresAtMs,
          traceparent: one.traceparent,
          firstConsideredCycle: null,
          lastConsideredCycle: null,
          seq: BigInt(market.events.length + ordinal + 1),
          status: 'pending',
        })
      })
      if (decided.events.length > 0) appendEvents(state, market, decided.events)
      return verdicts
    },

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
      if (market === undefined) return refuseUnknownMarket(marketId)
      const newest = market.cycles.at(-1)
      const last = newest
        ? { number: newest.number, run: newest.run, settled: newest.outcome !== null }
        : null
      const chosen = chooseCycle(market, last, number, run)
      if (!('choice' in chosen)) return chosen
      if (chosen.choice === 'found') return { ok: true, ...chosen.cycle }
      const nowMs = state.now()
      const { rules } = market
      const ageSeconds = priceAgeSeconds(market, nowMs)
      market.cycles.push({
        number: chosen.number,
        run,
        openedAtMs: nowMs,
        cutoffSeq: BigInt(market.events.length),
        policy: rules.policy,
        maxBids: rules.maxBidsPerCycle,
        pricesMicro: pricesOf(market),
        priceSource: choosePriceSource(ageSeconds, rules.pricePeriodSeconds),
        priceAgeSeconds: ageSeconds,
        outcome: null,
        pausedMs: 0,
      })
      return { ok: true, cycle: chosen.number, settled: false }
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

    async tidyMarket(marketId) {
      const market = existing(state, marketId)
      const nowMs = state.now()
      const expired = waitingBids(market).filter(bid => bid.expiresAtMs !== null && bid.expiresAtMs <= nowMs)
      const ended = endDueLeases(market, nowMs)
      for (const bid of expired) bid.status = 'expired'
      releaseHolds(payersOf(market), expired)
      restAfterBids(payersOf(market), lifeRulesOf(market.rules), expired, nowMs)
      changeLeased(market, ended, -1)
      const isDue = ({ sinceMs }: { sinceMs: number }) => sinceMs + REFUSAL_FOLDING_SECONDS * 1000 <= nowMs
      const told = inTellingOrder(market.refusals.filter(isDue))
      market.refusals = market.refusals.filter(refusal => !isDue(refusal))
      const operation = uuidV7()
      const lives = isOver(market) ? [] : judgeLives(market, operation, nowMs)
      const events = [
        ...ended.map(lease => leaseEndedEvent(operation, lease)),
        ...expired.map(bid => bidExpiredEvent(operation, bid)),
        ...lives,
        ...told.map(refusal => foldedRefusalEvent(operation, refusal)),
      ]
      if (events.length > 0) appendEvents(state, market, events)
      return {
        leasesEnded: ended.length,
        bidsExpired: expired.length,
        livesChanged: lives.length,
        refusalsTold: told.length,
      }
    },

    async takeTurn(marketId, publishing) {
      const market = find(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const facts = factsOf(state, market, publishing)
      const next = decideNextStep(facts)
      const seconds = secondsUntilNextLook(next)
      market.asleep = next.step === 'sleep' || next.step === 'closed'
      market.wakeAtMs = seconds === null ? null : facts.nowMs + seconds * 1000
      const { status, rules } = market
      const { pricePeriodSeconds } = rules
      const { unpublished, executionsDue } = facts
      return { ok: true, next, unpublished, executionsDue, status, pricePeriodSeconds }
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

function existing(state: MemoryState, marketId: string): MemoryMarket {
  const market = state.markets.get(marketId)
  if (market === undefined) throw new Error(`there is no market ${marketId}`)
  return market
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

function settle(state: MemoryState, market: MemoryMarket, number: number): CycleSummary {
  const opened = market.cycles[number - 1]
  if (opened === undefined) throw new UnknownCycle(market.marketId, number)
  if (opened.outcome !== null) return summariseCycle(opened.outcome)
  const nowMs = state.now()
  const resources = market.resources.map(resource => resource.name)
  const book = waitingBids(market).filter(bid => bid.seq <= opened.cutoffSeq)
  const bids = book.slice(0, opened.maxBids)
  const leftWaiting = book.length - bids.length
  const endedLeases = endDueLeases(market, nowMs)
  changeLeased(market, endedLeases, -1)
  const settlement = decideSettlement({
    ...opened,
    cycle: number,
    previousPriceSource: market.cycles[number - 2]?.priceSource ?? null,
    effectiveAtMs: nowMs,
    resources,
    leasedPpm: market.leasedPpm,
    bids,
    endedLeases,
    leftWaiting,
    newLeaseId: uuidV7,
  })
  postMovements(market, resolveHolds(payersOf(market), settlement))
  const operation = `cycle/${number}`
  const wakings = wakeWinners(operation, settlement.won, payersOf(market))
  restAfterSettlement(payersOf(market), lifeRulesOf(market.rules), settlement, nowMs)
  const { won, lost, staying, expired } = settlement
  const consider = (bidId: string, status: MemoryBid['status']) => {
    const bid = market.bids.get(bidId)!
    bid.firstConsideredCycle ??= BigInt(number)
    bid.lastConsideredCycle = BigInt(number)
    bid.status = status
  }
  for (const { bid } of won) consider(bid.bidId, 'winning')
  for (const { bid } of lost) consider(bid.bidId, 'outbid')
  for (const bid of staying) consider(bid.bidId, 'pending')
  for (const bid of expired) market.bids.get(bid.bidId)!.status = 'expired'
  const leases = won.map(({ bid, leaseId, endsAtMs }): MemoryLease => {
    const { bidId, beneficiary, quantitiesPpm, traceparent } = bid
    const times = { startsAtMs: nowMs, endsAtMs }
    return { leaseId, bidId, beneficiary, quantitiesPpm, ...times, status: 'active', traceparent }
  })
  market.leases.push(...leases)
  changeLeased(market, leases, 1)
  opened.outcome = {
    number,
    effectiveAtMs: nowMs,
    resources,
    winners: won.length,
    losers: lost.length,
    leftWaiting: leftWaiting + staying.length,
    revenueMicro: settlement.revenueMicro,
    supplyPpm: settlement.supplyPpm,
    demandPpm: settlement.demandPpm,
    utilisationPpm: settlement.utilisationPpm,
    pricesMicro: opened.pricesMicro,
    priceSource: opened.priceSource,
    priceAgeSeconds: opened.priceAgeSeconds,
    cutoffScore: settlement.cutoffScore?.toString() ?? null,
  }
  opened.pausedMs = pausedUpToMs(market.pauses, nowMs)
  const lives = judgeLives(market, operation, nowMs)
  appendEvents(state, market, [...settlement.events, ...wakings, ...lives])
  return summariseCycle(opened.outcome)
}

/** Pending bids in the order in which cycles take them: new ones by admission, then by the cycle that looked last. */
function waitingBids(market: MemoryMarket): MemoryBid[] {
  return pendingBids(market).toSorted((a, b) =>
    Number((a.lastConsideredCycle ?? 0n) - (b.lastConsideredCycle ?? 0n) || a.seq - b.seq),
  )
}

function pendingBids(market: MemoryMarket): MemoryBid[] {
  return [...market.bids.values()].filter(bid => bid.status === 'pending')
}

function endDueLeases(market: MemoryMarket, nowMs: number): MemoryLease[] {
  const due = market.leases
    .filter(lease => lease.status === 'active' && lease.endsAtMs <= nowMs)
    .toSorted((a, b) => a.endsAtMs - b.endsAtMs || (a.leaseId < b.leaseId ? -1 : 1))
  for (const lease of due) {
    lease.status = 'ended'
    market.bids.get(lease.bidId)!.status = 'completed'
  }
  return due
}

function changeLeased(market: MemoryMarket, leases: readonly MemoryLease[], sign: 1 | -1): void {
  for (const lease of leases) {
    lease.quantitiesPpm.forEach((ppm, place) => {
      market.leasedPpm[place]! += sign * ppm
    })
  }
}

function judgeLives(market: MemoryMarket, operation: string, nowMs: number): EventDraft[] {
  const due = [...market.agents.values()].filter(({ judgeAtMs }) => judgeAtMs !== null && judgeAtMs <= nowMs)
  return due.flatMap(agent => {
    const became = judge(agent, lifeRulesOf(market.rules), waitingOf(market, agent.name), nowMs)
    return became === null ? [] : [judgementEvent(operation, agent, became)]
  })
}

function waitingOf(market: MemoryMarket, agent: string): Waiting {
  const prompts = [...market.prompts.values()]
  const holds = [...market.holds.values()]
  return {
    openBid: pendingBids(market).some(bid => bid.payer === agent || bid.beneficiary === agent),
    promptOrHold:
      prompts.some(prompt => prompt.agent === agent && prompt.status === 'open') ||
      holds.some(hold => hold.agent === agent && hold.status === 'held'),
    // Services are called on Postgres alone.
    asked: false,
  }
}

function isOver({ status }: MemoryMarket): boolean {
  return status === 'closing' || status === 'closed'
}

function countRefusals(state: MemoryState, market: MemoryMarket, refusals: readonly CountedRefusal[]): void {
  for (const { agent: claimed, reason } of refusals) {
    const agent = market.agents.has(claimed) ? claimed : null
    const counter = market.refusals.find(one => one.agent === agent && one.reason === reason)
    if (counter !== undefined) counter.count += 1
    else market.refusals.push({ agent, reason, count: 1, sinceMs: state.now() })
    wake(state, market)
  }
}

function admissionAgents(market: MemoryMarket): Map<string, AdmissionAgent> {
  const owners = new Map<string, AdmissionOwner>()
  for (const { ownerName: name, openBids } of market.agents.values()) {
    if (name === null) continue
    const before = owners.get(name)?.openBids ?? 0
    owners.set(name, { name, openBids: before + openBids, bucket: market.ownerBuckets.get(name) ?? null })
  }
  return new Map(
    [...market.agents.values()].map(({ status, ownerName, ...agent }) => {
      const owner = ownerName === null ? null : owners.get(ownerName)!
      return [agent.name, { ...agent, alive: status !== 'dead', owner }]
    }),
  )
}

function payersOf(market: MemoryMarket): Map<bigint, MemoryAgent> {
  return new Map([...market.agents.values()].map(agent => [agent.agentId, agent]))
}

function pricesOf(market: MemoryMarket): number[] {
  return market.resources.map((_, place) => market.prices?.prices[place]?.priceMicro ?? FLOOR_PRICE_MICRO)
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
