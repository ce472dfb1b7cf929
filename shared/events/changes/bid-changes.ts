import type { BidState, EconomyState, LeaseState, MarketState } from '../state.ts'
import type { bidEvents } from '../types/bid-events.ts'
import {
  agentOf,
  bidOf,
  bundleOf,
  type ChangesOf,
  changesNothing,
  EventDoesNotFit,
  type EventOf,
  marketOf,
  microOf,
  setAside,
} from './change.ts'

export const bidChanges: ChangesOf<typeof bidEvents> = {
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
  bid_rejected: changesNothing,
  bid_processed(state, event) {
    const { cycle, status, score, rank } = event.data
    const bid = endBid(state, event, status)
    bid.decidedCycle = cycle
    bid.score = score
    bid.rank = rank
  },
  bid_cancelled(state, event) {
    endBid(state, event, 'cancelled')
  },
  bid_expired(state, event) {
    endBid(state, event, 'expired')
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
    endLease(state, event).status = 'ended'
  },
  lease_revoked(state, event) {
    const lease = endLease(state, event)
    lease.status = 'revoked'
    lease.endsAt = event.data.ends_at
  },
}

/** Ends an open bid and gives back what it held; a payment is told by an event of its own. */
function endBid(
  state: EconomyState,
  event: EventOf<'bid_processed' | 'bid_cancelled' | 'bid_expired'>,
  status: Exclude<BidState['status'], 'pending' | 'completed'>,
): BidState {
  const { bid_id: bidId } = event.data
  const bid = bidOf(state, event, bidId)
  if (bid.status !== 'pending') throw new EventDoesNotFit(event, `bid ${bidId} is ${bid.status}`)
  bid.status = status
  const payer = agentOf(state, event, bid.payer)
  setAside(payer, -bid.amountMicro)
  payer.openBids -= 1
  return bid
}

/** Gives a lease's supply back and completes its bid; how it ended is the caller's to say. */
function endLease(state: EconomyState, event: EventOf<'lease_ended' | 'lease_revoked'>): LeaseState {
  const { lease_id: leaseId, bid_id: bidId } = event.data
  const lease = state.leases.get(leaseId)
  if (lease?.status !== 'active') throw new EventDoesNotFit(event, `there is no active lease ${leaseId}`)
  addLeased(marketOf(state, event), lease.quantitiesPpm, -1)
  bidOf(state, event, bidId).status = 'completed'
  return lease
}

function addLeased(market: MarketState, quantitiesPpm: readonly number[], sign: 1 | -1): void {
  market.leasedPpm = market.leasedPpm.map((leased, place) => leased + sign * quantitiesPpm[place]!)
}
