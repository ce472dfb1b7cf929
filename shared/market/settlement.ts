import { formatBundle, PPM_OF_CAPACITY } from '../bundle/bundle.ts'
import { clear, type Policy } from '../clearing/clear.ts'
import { demandOf } from '../clearing/demand.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { formatCredits } from '../money/credits.ts'
import type { PriceSource } from '../pricing/price-source.ts'

/** A pending bid as the settlement locked it; `seq` is its place in the order of admission. */
export interface BookBid {
  bidId: string
  payerId: bigint
  payer: string
  beneficiaryId: bigint
  beneficiary: string
  amountMicro: bigint
  quantitiesPpm: number[]
  durationSeconds: number
  goodTillCancelled: boolean
  expiresAtMs: number | null
  traceparent: string | null
  firstConsideredCycle: bigint | null
  seq: bigint
}

export interface EndedLease {
  leaseId: string
  bidId: string
  beneficiary: string
  endsAtMs: number
  quantitiesPpm: number[]
  traceparent: string | null
}

export interface SettlementInput {
  cycle: number
  cutoffSeq: bigint
  effectiveAtMs: number
  policy: Policy
  resources: readonly string[]
  pricesMicro: readonly number[]
  priceSource: PriceSource
  /** How old the prices were when the cycle opened; null: none was ever recorded. */
  priceAgeSeconds: number | null
  /** Of the settled cycle before this one; null: this is the first. */
  previousPriceSource: PriceSource | null
  /** What leases hold at the effective time, before clearing. */
  leasedPpm: readonly number[]
  bids: readonly BookBid[]
  endedLeases: readonly EndedLease[]
  leftWaiting: number
  /** Draws the id of a new lease. */
  newLeaseId: () => string
}

export interface WonBid {
  bid: BookBid
  leaseId: string
  endsAtMs: number
  score: bigint
  rank: number
}

export interface Settlement {
  won: WonBid[]
  lost: { bid: BookBid; score: bigint; rank: number }[]
  /** Good-till-cancelled losers, which stay in the book. */
  staying: BookBid[]
  expired: BookBid[]
  supplyPpm: number[]
  demandPpm: number[]
  utilisationPpm: number[]
  leasedPpm: number[]
  revenueMicro: bigint
  cutoffScore: bigint | null
  events: EventDraft[]
}

/**
 * Decides a whole cycle: due bids expire, the rest is cleared over the supply that leases leave, winners pay what
 * they bid and get a lease from the effective time on, losers are outbid unless they are good till cancelled.
 */
export function decideSettlement(input: SettlementInput): Settlement {
  const { cycle, effectiveAtMs, resources, pricesMicro } = input
  const expired = input.bids.filter(bid => isExpired(bid, effectiveAtMs))
  const eligible =
    expired.length === 0 ? input.bids : input.bids.filter(bid => !isExpired(bid, effectiveAtMs))
  const table = tableOf(eligible, resources.length, cycle)
  const supplyPpm = input.leasedPpm.map(leased => PPM_OF_CAPACITY - leased)
  const clearing = clear({ bids: table, supplyPpm, pricesMicro, policy: input.policy })

  const isWinner = new Uint8Array(eligible.length)
  const won = Array.from(clearing.winners, (row): WonBid => {
    isWinner[row] = 1
    const bid = eligible[row]!
    const endsAtMs = effectiveAtMs + bid.durationSeconds * 1000
    return {
      bid,
      leaseId: input.newLeaseId(),
      endsAtMs,
      score: clearing.scores[row]!,
      rank: clearing.ranks[row]!,
    }
  })
  const lost: Settlement['lost'] = []
  const staying: BookBid[] = []
  eligible.forEach((bid, row) => {
    if (isWinner[row] === 1) return
    if (bid.goodTillCancelled) staying.push(bid)
    else lost.push({ bid, score: clearing.scores[row]!, rank: clearing.ranks[row]! })
  })
  lost.sort((a, b) => a.rank - b.rank)

  const leasedPpm = Array.from(clearing.remainingSupplyPpm, remaining => PPM_OF_CAPACITY - remaining)
  const decided: Omit<Settlement, 'events'> = {
    won,
    lost,
    staying,
    expired,
    supplyPpm,
    demandPpm: demandOf(table, pricesMicro, input.leasedPpm),
    utilisationPpm: leasedPpm,
    leasedPpm,
    revenueMicro: clearing.revenueMicro,
    cutoffScore: clearing.cutoffScore,
  }
  return { ...decided, events: eventsOf(input, decided) }
}

function isExpired(bid: BookBid, atMs: number): boolean {
  return bid.expiresAtMs !== null && bid.expiresAtMs <= atMs
}

function tableOf(bids: readonly BookBid[], resources: number, cycle: number) {
  const quantitiesPpm = new Float64Array(bids.length * resources)
  bids.forEach((bid, row) => {
    quantitiesPpm.set(bid.quantitiesPpm, row * resources)
  })
  return {
    amountMicro: BigInt64Array.from(bids, bid => bid.amountMicro),
    quantitiesPpm,
    durationSeconds: Int32Array.from(bids, bid => bid.durationSeconds),
    firstConsideredCycle: BigInt64Array.from(bids, bid => bid.firstConsideredCycle ?? BigInt(cycle)),
    admissionOrder: BigInt64Array.from(bids, bid => bid.seq),
  }
}

/**
 * What a settlement tells, in this order: what ended, what expired, winners by rank, losers by rank, whether prices
 * fell back or recovered, the cycle.
 */
function eventsOf(input: SettlementInput, decided: Omit<Settlement, 'events'>): EventDraft[] {
  const { cycle, resources } = input
  const operation = `cycle/${cycle}`
  const startsAt = new Date(input.effectiveAtMs).toISOString()
  const events: EventDraft[] = [
    ...input.endedLeases.map(lease => leaseEndedEvent(operation, lease)),
    ...decided.expired.map(bid => bidExpiredEvent(operation, bid)),
  ]
  for (const { bid, leaseId, endsAtMs, score, rank } of decided.won) {
    const amount = formatCredits(bid.amountMicro)
    const context = contextOf(bid)
    events.push(
      draftEvent(
        operation,
        'bid_processed',
        { bid_id: bid.bidId, cycle, status: 'winning', amount, score: score.toString(), rank },
        context,
      ),
      draftEvent(
        operation,
        'credits_burned',
        { agent_id: bid.payer, amount, reason: 'bid_payment' },
        context,
      ),
      draftEvent(
        operation,
        'resources_allocated',
        {
          bid_id: bid.bidId,
          lease_id: leaseId,
          beneficiary_id: bid.beneficiary,
          bundle: formatBundle(bid.quantitiesPpm, bid.durationSeconds, resources),
          cost: amount,
          starts_at: startsAt,
          ends_at: new Date(endsAtMs).toISOString(),
        },
        { ...context, agent: bid.beneficiary },
      ),
    )
  }
  for (const { bid, score, rank } of decided.lost) {
    const amount = formatCredits(bid.amountMicro)
    const data = {
      bid_id: bid.bidId,
      cycle,
      status: 'outbid' as const,
      amount,
      score: score.toString(),
      rank,
    }
    events.push(draftEvent(operation, 'bid_processed', data, contextOf(bid)))
  }
  events.push(...fallbackEvents(operation, input))
  const fractions = (ppm: readonly number[]) =>
    Object.fromEntries(resources.map((name, place) => [name, ppm[place]! / PPM_OF_CAPACITY]))
  events.push(
    draftEvent(
      operation,
      'cycle_cleared',
      {
        cycle,
        cutoff_seq: Number(input.cutoffSeq),
        effective_at: startsAt,
        supply: fractions(decided.supplyPpm),
        demand: fractions(decided.demandPpm),
        prices: Object.fromEntries(
          resources.map((name, place) => [name, formatCredits(BigInt(input.pricesMicro[place]!))]),
        ),
        price_source: input.priceSource,
        winners: decided.won.length,
        losers: decided.lost.length,
        left_waiting: input.leftWaiting + decided.staying.length,
        revenue: formatCredits(decided.revenueMicro),
        utilisation: fractions(decided.utilisationPpm),
        cutoff_score: decided.cutoffScore?.toString() ?? null,
      },
      { correlationId: operation },
    ),
  )
  return events
}

/** Tells once when cycles begin to run on prices that nobody renewed, and once when that is over. */
function fallbackEvents(operation: string, input: SettlementInput): EventDraft[] {
  const isFallback = input.priceSource === 'last_known'
  const wasFallback = input.previousPriceSource === 'last_known'
  if (isFallback === wasFallback) return []
  const type = isFallback ? 'price_fallback' : 'price_recovered'
  return [
    draftEvent(operation, type, { age_seconds: input.priceAgeSeconds ?? 0 }, { correlationId: operation }),
  ]
}

/** Tells that a lease ended at its time. */
export function leaseEndedEvent(operation: string, lease: EndedLease): EventDraft {
  return draftEvent(
    operation,
    'lease_ended',
    { lease_id: lease.leaseId, bid_id: lease.bidId, ends_at: new Date(lease.endsAtMs).toISOString() },
    { agent: lease.beneficiary, correlationId: lease.bidId, traceparent: lease.traceparent },
  )
}

/** Tells that a bid left the book at its expiry, its hold released. */
export function bidExpiredEvent(operation: string, bid: BookBid): EventDraft {
  const data = { bid_id: bid.bidId, released: formatCredits(bid.amountMicro) }
  return draftEvent(operation, 'bid_expired', data, contextOf(bid))
}

function contextOf(bid: BookBid) {
  return { agent: bid.payer, correlationId: bid.bidId, traceparent: bid.traceparent }
}
