import { readBundle } from '../bundle/bundle.ts'
import type { RejectionReason } from '../events/types/bid-events.ts'
import type { MarketRules } from '../market/rules.ts'
import { formatCredits, readCredits } from '../money/credits.ts'
import { postedCostMicro } from '../pricing/posted-cost.ts'
import type { BidRequest } from './bid-request.ts'
import { refillBucket, spendFromBucket, type TokenBucket } from './token-bucket.ts'

/** What admission knows of an agent, read under its row lock. */
export interface AdmissionAgent {
  agentId: bigint
  name: string
  alive: boolean
  /** An operator froze it: it may not act. */
  frozen: boolean
  /** Who answers for it and its siblings; the same object for all of them. */
  owner: AdmissionOwner | null
  availableMicro: bigint
  heldMicro: bigint
  openBids: number
  bucket: TokenBucket | null
}

/** What the agents of one owner have and spend together, read under its row lock. */
export interface AdmissionOwner {
  name: string
  openBids: number
  bucket: TokenBucket | null
}

export interface AdmissionMarket {
  accepting: boolean
  rules: MarketRules
  resources: readonly string[]
  /** Newest recorded prices, micro-credits per 100 % and second, in the resources' order. */
  pricesMicro: readonly number[]
}

export type BidVerdict =
  | { ok: true; bidId: string; status: 'pending'; held: string }
  | { ok: false; error: BidRefusal }

export interface BidRefusal {
  code: RejectionReason | 'idempotency_conflict' | 'unknown_market'
  message: string
  field?: string
  required?: string
  available?: string
  /** Names the refusal's event and trace; a refusal that is only counted has none. */
  operationId?: string
}

export interface AdmittedBid {
  quantitiesPpm: number[]
  durationSeconds: number
  amountMicro: bigint
  payer: AdmissionAgent
  beneficiary: AdmissionAgent
}

export type AdmissionDecision = { ok: true; bid: AdmittedBid } | { ok: false; error: BidRefusal }

/**
 * Decides whether a bid enters the book, and if so moves its hold on the payer given. The order of tests is
 * the economy's: known, not dead, market accepting, rate, open bids, bundle, reserve, balance. Every bid of a
 * known agent spends from its bucket, refused or not.
 */
export function decideAdmission(
  market: AdmissionMarket,
  agents: ReadonlyMap<string, AdmissionAgent>,
  payerName: string,
  request: BidRequest,
  nowMs: number,
): AdmissionDecision {
  const beneficiaryName = request.onBehalfOf ?? payerName
  const payer = agents.get(payerName)
  const beneficiary = agents.get(beneficiaryName)
  if (payer === undefined) return unknown(payerName)
  if (beneficiary === undefined) return unknown(beneficiaryName, 'onBehalfOf')
  if (!payer.alive) return refuse('agent_not_alive', `agent ${payer.name} is dead and cannot bid`)
  if (!beneficiary.alive) {
    return refuse('agent_not_alive', `agent ${beneficiary.name} is dead and cannot be bid for`, 'onBehalfOf')
  }
  if (payer.frozen) return refuse('agent_frozen', `agent ${payer.name} is frozen and cannot bid`)
  if (beneficiary.frozen) {
    return refuse('agent_frozen', `agent ${beneficiary.name} is frozen and cannot be bid for`, 'onBehalfOf')
  }
  if (!market.accepting) return refuse('market_closed', 'this market takes no more bids')

  const { rules } = market
  const bucket = refillBucket(payer.bucket, rules, nowMs)
  const spent = spendFromBucket(bucket)
  if (spent === null) {
    const allowed = `${rules.bidsPerSecond} bids a second, ${rules.bidBurst} at once`
    return refuse('rate_limited', `agent ${payer.name} bids too often: allowed are ${allowed}`)
  }
  payer.bucket = spent
  const ownerProblem = payer.owner === null ? null : spendForOwner(payer.owner, rules, nowMs)
  if (ownerProblem !== null) return ownerProblem

  if (payer.openBids >= rules.maxOpenBids) {
    return refuse(
      'too_many_open_bids',
      `agent ${payer.name} has ${payer.openBids} open bids, the most allowed`,
    )
  }
  const bundle = readBundle(request.bundle, market.resources)
  if (!bundle.ok) return refuse('invalid_bundle', bundle.problem, `bundle.${bundle.field}`)

  const requiredMicro = reserveMicro(market, bundle.quantitiesPpm, bundle.durationSeconds)
  if (request.amountMicro < requiredMicro) {
    return refuse(
      'below_reserve',
      `the lowest amount for this bundle is ${formatCredits(requiredMicro)}`,
      'amount',
      {
        required: formatCredits(requiredMicro),
        available: formatCredits(payer.availableMicro),
      },
    )
  }
  if (request.amountMicro > payer.availableMicro) {
    const required = formatCredits(request.amountMicro)
    const available = formatCredits(payer.availableMicro)
    const message = `agent ${payer.name} has ${available} credits available, the bid needs ${required}`
    return refuse('insufficient_balance', message, 'amount', { required, available })
  }

  payer.availableMicro -= request.amountMicro
  payer.heldMicro += request.amountMicro
  payer.openBids += 1
  if (payer.owner !== null) payer.owner.openBids += 1
  const { quantitiesPpm, durationSeconds } = bundle
  return {
    ok: true,
    bid: { quantitiesPpm, durationSeconds, amountMicro: request.amountMicro, payer, beneficiary },
  }
}

/** Spends from what all agents of an owner share, so that bidding under many names gains nothing. */
function spendForOwner(owner: AdmissionOwner, rules: MarketRules, nowMs: number): AdmissionDecision | null {
  // Markets made before there were these rules have no value for them, and no limit.
  const {
    ownerBidsPerSecond = null,
    ownerBidBurst = 1,
    ownerMaxOpenBids = null,
  } = rules as Partial<MarketRules>
  if (ownerBidsPerSecond !== null) {
    const shared = { bidsPerSecond: ownerBidsPerSecond, bidBurst: ownerBidBurst }
    const spent = spendFromBucket(refillBucket(owner.bucket, shared, nowMs))
    if (spent === null) {
      const allowed = `${ownerBidsPerSecond} bids a second, ${ownerBidBurst} at once`
      return refuse('rate_limited', `the agents of one owner bid too often: allowed are together ${allowed}`)
    }
    owner.bucket = spent
  }
  if (ownerMaxOpenBids === null || owner.openBids < ownerMaxOpenBids) return null
  return refuse(
    'too_many_open_bids',
    `the agents of one owner have ${owner.openBids} open bids together, the most allowed`,
  )
}

/** The lowest amount admitted: the greater of `minimumBid` and the reserved fraction of the posted cost, rounded up. */
export function reserveMicro(
  market: Pick<AdmissionMarket, 'rules' | 'pricesMicro'>,
  quantitiesPpm: readonly number[],
  durationSeconds: number,
): bigint {
  const minimum = readCredits(market.rules.minimumBid)
  const minimumMicro = minimum.ok ? minimum.micro : 1n
  const reservePpm = BigInt(Math.round(market.rules.reserveFraction * 1e6))
  if (reservePpm === 0n) return minimumMicro
  const costMicro = postedCostMicro(market.pricesMicro, quantitiesPpm, durationSeconds)
  const reservedMicro = (costMicro * reservePpm + 999_999n) / 1_000_000n
  return reservedMicro > minimumMicro ? reservedMicro : minimumMicro
}

function unknown(name: string, field?: string): AdmissionDecision {
  return refuse('unknown_agent', `there is no agent ${JSON.stringify(name)} in this market`, field)
}

function refuse(
  code: BidRefusal['code'],
  message: string,
  field?: string,
  amounts?: { required: string; available: string },
): AdmissionDecision {
  return { ok: false, error: { code, message, ...(field === undefined ? {} : { field }), ...amounts } }
}
