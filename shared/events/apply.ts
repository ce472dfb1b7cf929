import { PPM_OF_CAPACITY, readBundle } from '../bundle/bundle.ts'
import { readCredits } from '../money/credits.ts'
import type { BourseEvent } from './envelope.ts'
import type { EventName } from './registry.ts'
import type { AgentState, BidState, EconomyState, HoldState, MarketState } from './state.ts'

/** An event tells a change that cannot happen to this state: events are missing, or were never true. */
export class EventDoesNotFit extends Error {
  readonly seq: number

  constructor(event: Pick<BourseEvent, 'seq' | 'type'>, problem: string) {
    super(`event ${event.seq} (${event.type}) does not fit: ${problem}`)
    this.name = 'EventDoesNotFit'
    this.seq = event.seq
  }
}

/**
 * Applies a market's next event, in `seq` order from the first, and answers the state it was given: that is changed
 * in place, because a market may have millions of bids, and nothing else is. Balances move only by minted,
 * transferred and burned credits; what is held only by the events of bids and holds. Throws EventDoesNotFit.
 */
export function apply(state: EconomyState, event: BourseEvent): EconomyState {
  if (event.seq !== state.seq + 1) throw new EventDoesNotFit(event, `it follows event ${state.seq}`)
  const change = changes[event.type] as (state: EconomyState, event: BourseEvent) => void
  change(state, event)
  state.seq = event.seq
  return state
}

type EventOf<Name extends EventName> = Extract<BourseEvent, { type: Name }>
type Changes = { [Name in EventName]: (state: EconomyState, event: EventOf<Name>) => void }

/** What each type of event changes; a type without its line here does not compile. */
const changes: Changes = {
  market_created(state, event) {
    if (state.market !== null) throw new EventDoesNotFit(event, 'the market exists')
    const { resources, rules } = event.data
    const leasedPpm = resources.map(() => 0)
    state.market = { status: 'open', resources, rules, mintedMicro: 0n, burnedMicro: 0n, leasedPpm }
  },
  market_rules_changed(state, event) {
    const market = marketOf(state, event)
    market.rules = { ...market.rules, ...event.data.after }
  },
  market_paused(state, event) {
    marketOf(state, event).status = 'paused'
  },
  market_resumed(state, event) {
    marketOf(state, event).status = 'open'
  },
  market_closed(state, event) {
    marketOf(state, event).status = 'closing'
  },

  agent_registered(state, event) {
    const name = agentIdOf(event)
    if (state.agents.has(name)) throw new EventDoesNotFit(event, `agent ${name} exists`)
    state.agents.set(name, { status: 'alive', availableMicro: 0n, heldMicro: 0n, openBids: 0 })
  },

  credits_minted(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    marketOf(state, event).mintedMicro += amountMicro
    agentOf(state, event, event.data.agent_id).availableMicro += amountMicro
  },
  credits_burned(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    marketOf(state, event).burnedMicro += amountMicro
    agentOf(state, event, event.data.agent_id).availableMicro -= amountMicro
  },
  credits_transferred(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    agentOf(state, event, event.data.from_agent).availableMicro -= amountMicro
    agentOf(state, event, event.data.to_agent).availableMicro += amountMicro
    // A settled hold is paid by the transfer that follows it, under the hold's correlation.
    const hold = state.holds.get(event.correlation_id)
    if (hold?.status === 'settled') hold.settledTo ??= event.data.to_agent
  },

  hold_placed(state, event) {
    const { hold_id: holdId, amount, ref } = event.data
    if (state.holds.has(holdId)) throw new EventDoesNotFit(event, `hold ${holdId} exists`)
    const agent = agentIdOf(event)
    const amountMicro = microOf(event, amount)
    setAside(agentOf(state, event, agent), amountMicro)
    state.holds.set(holdId, { agent, amountMicro, ref, status: 'held', settledTo: null })
  },
  hold_settled(state, event) {
    endHold(state, event, 'settled')
  },
  hold_released(state, event) {
    endHold(state, event, 'released')
  },

  bid_placed(state, event) {
    const { data } = event
    if (state.bids.has(data.bid_id)) throw new EventDoesNotFit(event, `bid ${data.bid_id} exists`)
    const amountMicro = microOf(event, data.total_cost)
    const payer = agentOf(state, event, data.payer_id)
    agentOf(state, event, data.beneficiary_id)
    setAside(payer, amountMicro)
    payer.openBids += 1
    state.bids.set(data.bid_id, {
      payer: data.payer_id,
      beneficiary: data.beneficiary_id,
      amountMicro,
      ...bundleOf(state, event, data.bundle),
      goodTillCancelled: data.good_till_cancelled,
      expiresAt: data.expires_at,
      via: data.via,
      actor: data.actor,
      status: 'pending',
      decidedCycle: null,
      score: null,
      rank: null,
    })
  },
  bid_rejected() {
    // A refusal changes nothing.
  },
  bid_processed(state, event) {
    const { bid_id: bidId, cycle, status, score, rank } = event.data
    const bid = endBid(state, event, bidId, status)
    bid.decidedCycle = cycle
    bid.score = score
    bid.rank = rank
  },
  bid_cancelled(state, event) {
    endBid(state, event, event.data.bid_id, 'cancelled')
  },
  bid_expired(state, event) {
    endBid(state, event, event.data.bid_id, 'expired')
  },

  resources_allocated(state, event) {
    const { data } = event
    const bid = bidOf(state, event, data.bid_id)
    if (bid.status !== 'winning' || bid.decidedCycle === null) {
      throw new EventDoesNotFit(event, `bid ${data.bid_id} is ${bid.status}`)
    }
    if (state.leases.has(data.lease_id)) throw new EventDoesNotFit(event, `lease ${data.lease_id} exists`)
    const { quantitiesPpm } = bundleOf(state, event, data.bundle)
    addLeased(marketOf(state, event), quantitiesPpm, 1)
    state.leases.set(data.lease_id, {
      bidId: data.bid_id,
      payer: bid.payer,
      beneficiary: data.beneficiary_id,
      cycle: bid.decidedCycle,
      quantitiesPpm,
      startsAt: data.starts_at,
      endsAt: data.ends_at,
      status: 'active',
    })
  },
  lease_ended(state, event) {
    const { lease_id: leaseId, bid_id: bidId } = event.data
    const lease = state.leases.get(leaseId)
    if (lease?.status !== 'active') throw new EventDoesNotFit(event, `there is no active lease ${leaseId}`)
    lease.status = 'ended'
    addLeased(marketOf(state, event), lease.quantitiesPpm, -1)
    bidOf(state, event, bidId).status = 'completed'
  },

  cycle_cleared(state, event) {
    const { data } = event
    if (state.cycles.has(data.cycle)) throw new EventDoesNotFit(event, `cycle ${data.cycle} was cleared`)
    const { resources } = marketOf(state, event)
    const perResource = <T, U>(values: Record<string, T>, read: (value: T) => U): U[] =>
      resources.map(({ name }) => {
        const value = values[name]
        if (value === undefined) throw new EventDoesNotFit(event, `nothing is said about ${name}`)
        return read(value)
      })
    state.cycles.set(data.cycle, {
      cutoffSeq: data.cutoff_seq,
      effectiveAt: data.effective_at,
      supplyPpm: perResource(data.supply, ppmOf),
      demandPpm: perResource(data.demand, ppmOf),
      pricesMicro: perResource(data.prices, price => microOf(event, price)),
      priceSource: data.price_source,
      winners: data.winners,
      losers: data.losers,
      leftWaiting: data.left_waiting,
      revenueMicro: microOf(event, data.revenue),
      utilisationPpm: perResource(data.utilisation, ppmOf),
      cutoffScore: data.cutoff_score,
    })
  },

  price_update(state, event) {
    const { data } = event
    const place = `${data.tick}/${data.resource}`
    if (state.prices.has(place)) throw new EventDoesNotFit(event, `${data.resource} has a price at this tick`)
    state.prices.set(place, {
      priceMicro: microOf(event, data.new_price),
      exponentMillionths: data.e,
      demandPpm: ppmOf(data.demand),
      reason: data.reason,
      elapsedMs: data.elapsed_ms,
      tickedAt: data.ticked_at,
    })
  },
  price_fallback() {
    // A cycle tells of the prices it cleared at.
  },
  price_recovered() {
    // A cycle tells of the prices it cleared at.
  },
}

function marketOf(state: EconomyState, event: BourseEvent): MarketState {
  if (state.market === null) throw new EventDoesNotFit(event, 'the market was not created')
  return state.market
}

function agentIdOf(event: BourseEvent): string {
  if (event.agent_id === undefined) throw new EventDoesNotFit(event, 'it names no agent')
  return event.agent_id
}

function agentOf(state: EconomyState, event: BourseEvent, name: string): AgentState {
  const agent = state.agents.get(name)
  if (agent === undefined) throw new EventDoesNotFit(event, `there is no agent ${name}`)
  return agent
}

function bidOf(state: EconomyState, event: BourseEvent, bidId: string): BidState {
  const bid = state.bids.get(bidId)
  if (bid === undefined) throw new EventDoesNotFit(event, `there is no bid ${bidId}`)
  return bid
}

/** Ends an open bid and gives back what it held; a payment is told by an event of its own. */
function endBid(
  state: EconomyState,
  event: BourseEvent,
  bidId: string,
  status: Exclude<BidState['status'], 'pending' | 'completed'>,
): BidState {
  const bid = bidOf(state, event, bidId)
  if (bid.status !== 'pending') throw new EventDoesNotFit(event, `bid ${bidId} is ${bid.status}`)
  bid.status = status
  const payer = agentOf(state, event, bid.payer)
  setAside(payer, -bid.amountMicro)
  payer.openBids -= 1
  return bid
}

function endHold(
  state: EconomyState,
  event: EventOf<'hold_settled' | 'hold_released'>,
  status: Exclude<HoldState['status'], 'held'>,
): void {
  const { hold_id: holdId } = event.data
  const hold = state.holds.get(holdId)
  if (hold?.status !== 'held') throw new EventDoesNotFit(event, `there is no open hold ${holdId}`)
  hold.status = status
  setAside(agentOf(state, event, hold.agent), -hold.amountMicro)
}

function setAside(agent: AgentState, amountMicro: bigint): void {
  agent.availableMicro -= amountMicro
  agent.heldMicro += amountMicro
}

function addLeased(market: MarketState, quantitiesPpm: readonly number[], sign: 1 | -1): void {
  market.leasedPpm = market.leasedPpm.map((leased, place) => leased + sign * quantitiesPpm[place]!)
}

function microOf(event: BourseEvent, credits: string): bigint {
  const read = readCredits(credits)
  if (!read.ok) throw new EventDoesNotFit(event, read.problem)
  return read.micro
}

function bundleOf(state: EconomyState, event: BourseEvent, bundle: Record<string, number>) {
  const resources = marketOf(state, event).resources.map(resource => resource.name)
  const read = readBundle(bundle, resources)
  if (!read.ok) throw new EventDoesNotFit(event, read.problem)
  return { quantitiesPpm: read.quantitiesPpm, durationSeconds: read.durationSeconds }
}

function ppmOf(fraction: number): number {
  return Math.round(fraction * PPM_OF_CAPACITY)
}
