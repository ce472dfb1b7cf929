import { v7 as uuidV7 } from 'uuid'
import type { AdmissionAgent, AdmissionOwner, BidVerdict } from '../../bid/admission.ts'
import { contentOfBid, decideBatch, readBatch } from '../../bid/admission-batch.ts'
import type { CountedRefusal } from '../../bid/folded-refusal.ts'
import type { BidSubmission } from '../economy.ts'
import type { FirstOutcome } from '../first-outcome.ts'
import { pricesOf } from './memory-book.ts'
import {
  appendEvents,
  findOutcome,
  type MemoryMarket,
  type MemoryState,
  storeOutcome,
  wake,
} from './memory-state.ts'

/** Judges bids as a batch and takes up those that are admitted. */
export function admitBids(
  state: MemoryState,
  marketId: string,
  submissions: readonly BidSubmission[],
): BidVerdict[] {
  const { readable, refused, counted } = readBatch(submissions)
  const verdicts: BidVerdict[] = new Array(submissions.length)
  for (const { place, verdict } of refused) verdicts[place] = verdict
  const market = state.markets.get(marketId)
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
