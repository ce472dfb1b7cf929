import { z } from 'zod'
import { eventType } from './event-type.ts'
import { actor, agentName, bundle, credits, moment, score } from './fields.ts'

/** Why a bid was not admitted. */
export const REJECTION_REASONS = [
  'insufficient_balance',
  'invalid_bid',
  'unknown_agent',
  'agent_not_alive',
  'agent_frozen',
  'invalid_bundle',
  'below_reserve',
  'too_many_open_bids',
  'rate_limited',
  'market_closed',
] as const
export type RejectionReason = (typeof REJECTION_REASONS)[number]

/** Ways by which a bid reaches admission. */
export const BID_WAYS = ['signal', 'update', 'nats', 'cli'] as const
export type BidWay = (typeof BID_WAYS)[number]

const left = {
  bid_id: z.uuid(),
  released: credits.describe('the whole amount, from held to available'),
}

/** Bids from their admission to the end of the lease they won. */
export const bidEvents = {
  bid_placed: eventType(
    'system',
    'A bid was admitted and is pending: moves total_cost from available to held of the payer.',
    {
      bid_id: z.uuid(),
      payer_id: agentName,
      beneficiary_id: agentName,
      bundle,
      total_cost: credits.describe('credits offered for the whole bundle and time'),
      good_till_cancelled: z.boolean(),
      expires_at: moment.nullable(),
      via: z.enum(BID_WAYS),
      actor,
    },
  ),
  bid_rejected: eventType('system', 'Bids were refused. Changes nothing.', {
    reason: z.enum(REJECTION_REASONS),
    required: credits.nullable(),
    available: credits.nullable(),
    count: z.number().int().min(1).describe('how many refusals this event tells of'),
  }),
  bid_processed: eventType(
    'system',
    'A cycle decided a bid: its amount moves from held to available; what a winner pays is told by credits_burned.',
    {
      bid_id: z.uuid(),
      cycle: z.number().int(),
      status: z.enum(['winning', 'outbid']),
      amount: credits,
      score,
      rank: z.number().int().min(1).describe('1: the best of the cycle'),
    },
  ),
  bid_cancelled: eventType('system', 'A pending bid was taken back.', left),
  bid_expired: eventType('system', 'A pending bid reached its expiry.', left),
  resources_allocated: eventType(
    'system',
    'A lease for a bid that won: active, of the bundle, payer and cycle of its bid. Adds the bundle to what is leased.',
    {
      bid_id: z.uuid(),
      lease_id: z.uuid(),
      beneficiary_id: agentName,
      bundle,
      cost: credits,
      starts_at: moment,
      ends_at: moment,
    },
  ),
  lease_ended: eventType(
    'system',
    'A lease reached its end: its bundle is no longer leased, its bid is completed.',
    { lease_id: z.uuid(), bid_id: z.uuid(), ends_at: moment },
  ),
  lease_revoked: eventType(
    'system',
    'An operator ended a lease early: it is revoked and ends at ends_at, its bundle is no longer leased, its bid is ' +
      'completed. A refund comes with credits_minted.',
    {
      lease_id: z.uuid(),
      bid_id: z.uuid(),
      ends_at: moment.describe('when the lease ended instead'),
      refund: credits.describe('0: none'),
      reason: z.string(),
      actor,
    },
  ),
}
