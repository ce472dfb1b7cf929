import { formatBundle } from '../bundle/bundle.ts'
import type { BidSubmission } from '../economy/economy.ts'
import { answerAgain, type FirstOutcome } from '../economy/first-outcome.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { RejectionReason } from '../events/types/bid-events.ts'
import { formatCredits } from '../money/credits.ts'
import { ownTrace } from '../trace/own-trace.ts'
import { formatTraceparent, readTraceparent } from '../trace/traceparent.ts'
import {
  type AdmissionAgent,
  type AdmissionMarket,
  type AdmittedBid,
  type BidRefusal,
  type BidVerdict,
  decideAdmission,
} from './admission.ts'
import { type BidRequest, readBidRequest } from './bid-request.ts'
import { type CountedRefusal, isFolded } from './folded-refusal.ts'

/** A bid that could be read, and its place in the batch it came with. */
export interface ReadableBid extends BidSubmission {
  place: number
  request: BidRequest
}

export interface PlacedVerdict {
  place: number
  verdict: BidVerdict
}

/** A bid judged for the first time. */
export interface DecidedBid extends ReadableBid {
  operationId: string
  admitted: AdmittedBid | null
  verdict: BidVerdict
  /** Its sender's trace, else one of its own. */
  traceparent: string
}

export interface DecidedBatch {
  verdicts: PlacedVerdict[]
  /** Bids that write their operation and their event, in the order of `events`. */
  told: DecidedBid[]
  events: EventDraft[]
  counted: CountedRefusal[]
}

/** Parts a batch into bids that can be read and refusals that need no database. */
export function readBatch(submissions: readonly BidSubmission[]): {
  readable: ReadableBid[]
  refused: PlacedVerdict[]
  counted: CountedRefusal[]
} {
  const readable: ReadableBid[] = []
  const refused: PlacedVerdict[] = []
  const counted: CountedRefusal[] = []
  submissions.forEach((submission, place) => {
    const read = submission.reading ?? readBidRequest(submission.bid)
    if (read.ok) {
      readable.push({ ...submission, place, request: read.request })
      return
    }
    const { field, problem } = read
    const error: BidRefusal = { code: 'invalid_bid', message: `${field}: ${problem}`, field }
    refused.push({ place, verdict: { ok: false, error } })
    counted.push({ agent: submission.agent, reason: 'invalid_bid' })
  })
  return { readable, refused, counted }
}

/**
 * Judges a batch in its order, moving holds on the agents given. A key used before, earlier in this batch too, gets
 * its first outcome; refusals that are only counted have none, so their replay is judged afresh.
 */
export function decideBatch(input: {
  market: AdmissionMarket
  agents: ReadonlyMap<string, AdmissionAgent>
  bids: readonly ReadableBid[]
  firstOutcomes: ReadonlyMap<ReadableBid, FirstOutcome>
  nowMs: number
  newOperationId: () => string
}): DecidedBatch {
  const { market, agents } = input
  const verdicts: PlacedVerdict[] = []
  const told: DecidedBid[] = []
  const counted: CountedRefusal[] = []
  const toldByKey = new Map<string, DecidedBid>()
  for (const bid of input.bids) {
    const { place, request } = bid
    const keyOfAgent = request.key === null ? null : `${bid.agent}/${request.key}`
    const first = input.firstOutcomes.get(bid) ?? firstInBatch(bid, toldByKey.get(keyOfAgent ?? ''))
    if (first !== undefined) {
      verdicts.push({ place, verdict: answerAgain<BidVerdict>(first, request.key!) as BidVerdict })
      continue
    }
    const decision = decideAdmission(market, agents, bid.agent, request, input.nowMs)
    const operationId = input.newOperationId()
    const verdict: BidVerdict = decision.ok
      ? { ok: true, bidId: operationId, status: 'pending', held: formatCredits(decision.bid.amountMicro) }
      : refusalOf(decision.error, operationId)
    verdicts.push({ place, verdict })
    if (!verdict.ok && isFolded(verdict.error.code)) {
      counted.push({ agent: bid.agent, reason: verdict.error.code })
      continue
    }
    const admitted = decision.ok ? decision.bid : null
    const decided = { ...bid, operationId, admitted, verdict, traceparent: traceOf(bid, operationId) }
    told.push(decided)
    if (keyOfAgent !== null) toldByKey.set(keyOfAgent, decided)
  }
  return { verdicts, told, counted, events: told.map(one => eventOf(one, market.resources)) }
}

function refusalOf(error: BidRefusal, operationId: string): BidVerdict {
  return { ok: false, error: isFolded(error.code) ? error : { ...error, operationId } }
}

/** What a bid says of its trace goes before what its way in says; without either it begins one. */
function traceOf({ request, traceparent }: ReadableBid, operationId: string): string {
  const given = readTraceparent(request.traceparent) ?? readTraceparent(traceparent)
  return formatTraceparent(given ?? ownTrace(operationId))
}

/** What makes two bids under one key the same bid; sent again, it may come in another trace. */
export function contentOfBid({ request }: ReadableBid): string {
  const { key: _key, traceparent: _traceparent, amountMicro, ...rest } = request
  const bundle = Object.entries(request.bundle).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ ...rest, bundle, amountMicro: amountMicro.toString() })
}

function firstInBatch(bid: ReadableBid, earlier: DecidedBid | undefined): FirstOutcome | undefined {
  if (earlier === undefined) return undefined
  return { sameContent: contentOfBid(earlier) === contentOfBid(bid), outcome: earlier.verdict }
}

function eventOf(one: DecidedBid, resources: readonly string[]): EventDraft {
  const { operationId, verdict, admitted, request } = one
  const context = { agent: one.agent, correlationId: operationId, traceparent: one.traceparent }
  if (admitted === null || !verdict.ok) {
    const error = verdict.ok ? undefined : verdict.error
    return draftEvent(
      operationId,
      'bid_rejected',
      {
        reason: error?.code as RejectionReason,
        required: error?.required ?? null,
        available: error?.available ?? null,
        count: 1,
      },
      context,
    )
  }
  return draftEvent(
    operationId,
    'bid_placed',
    {
      bid_id: operationId,
      payer_id: admitted.payer.name,
      beneficiary_id: admitted.beneficiary.name,
      bundle: formatBundle(admitted.quantitiesPpm, admitted.durationSeconds, resources),
      total_cost: formatCredits(admitted.amountMicro),
      good_till_cancelled: request.goodTillCancelled,
      expires_at: request.expiresAtMs === null ? null : new Date(request.expiresAtMs).toISOString(),
      via: one.via,
      actor: one.actor,
    },
    context,
  )
}
