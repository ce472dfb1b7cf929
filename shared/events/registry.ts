import { z } from 'zod'

const credits = z.string().regex(/^-?\d+(\.\d{1,6})?$/)
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
const moment = z.iso.datetime()
const fraction = z.number().min(0)
const perResource = z.record(z.string(), fraction)
const score = z.string().regex(/^\d+$/)
/** Fractions of capacity by resource, and `duration_seconds`. */
const bundle = z.record(z.string(), z.number().min(0))
const actor = z.string()

/** Why a bid was not admitted. */
export const REJECTION_REASONS = [
  'insufficient_balance',
  'invalid_bid',
  'unknown_agent',
  'agent_not_alive',
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

interface EventType<Schema extends z.ZodType> {
  source: 'system' | 'agent' | 'judge'
  version: number
  data: Schema
}

function systemEvent<Shape extends z.ZodRawShape>(
  data: Shape,
): EventType<z.ZodObject<Shape, z.core.$strict>> {
  return { source: 'system', version: 1, data: z.strictObject(data) }
}

/**
 * Every event type of the economy. Emitters and consumers share these schemas; credits are decimal
 * strings, quantities fractions of capacity, scores decimal strings.
 */
export const eventTypes = {
  market_created: systemEvent({
    resources: z.array(z.strictObject({ name: z.string(), unit: z.string(), capacity: z.string() })),
    rules: z.record(z.string(), z.unknown()),
  }),
  market_rules_changed: systemEvent({
    before: z.record(z.string(), z.unknown()),
    after: z.record(z.string(), z.unknown()),
    actor,
  }),
  market_paused: systemEvent({ actor }),
  market_resumed: systemEvent({ actor }),
  market_closed: systemEvent({ actor }),
  agent_registered: systemEvent({ initial_balance: credits }),
  credits_minted: systemEvent({ agent_id: name, amount: credits, reason: z.string(), ref: z.string() }),
  credits_burned: systemEvent({ agent_id: name, amount: credits, reason: z.string() }),
  credits_transferred: systemEvent({
    from_agent: name,
    to_agent: name,
    amount: credits,
    purpose: z.string(),
  }),
  hold_placed: systemEvent({ hold_id: z.uuid(), amount: credits, ref: z.string() }),
  hold_settled: systemEvent({ hold_id: z.uuid(), amount: credits, ref: z.string() }),
  hold_released: systemEvent({ hold_id: z.uuid(), amount: credits, ref: z.string() }),
  bid_placed: systemEvent({
    bid_id: z.uuid(),
    payer_id: name,
    beneficiary_id: name,
    bundle,
    total_cost: credits,
    good_till_cancelled: z.boolean(),
    expires_at: moment.nullable(),
    via: z.enum(BID_WAYS),
    actor,
  }),
  bid_rejected: systemEvent({
    reason: z.enum(REJECTION_REASONS),
    required: credits.nullable(),
    available: credits.nullable(),
    count: z.number().int().min(1),
  }),
  bid_processed: systemEvent({
    bid_id: z.uuid(),
    cycle: z.number().int(),
    status: z.enum(['winning', 'outbid']),
    amount: credits,
    score,
    rank: z.number().int().min(1),
  }),
  bid_cancelled: systemEvent({ bid_id: z.uuid(), released: credits }),
  bid_expired: systemEvent({ bid_id: z.uuid(), released: credits }),
  resources_allocated: systemEvent({
    bid_id: z.uuid(),
    lease_id: z.uuid(),
    beneficiary_id: name,
    bundle,
    cost: credits,
    starts_at: moment,
    ends_at: moment,
  }),
  lease_ended: systemEvent({ lease_id: z.uuid(), bid_id: z.uuid(), ends_at: moment }),
  cycle_cleared: systemEvent({
    cycle: z.number().int(),
    cutoff_seq: z.number().int(),
    effective_at: moment,
    supply: perResource,
    demand: perResource,
    prices: z.record(z.string(), credits),
    price_source: z.enum(['live', 'last_known', 'floor']),
    winners: z.number().int(),
    losers: z.number().int(),
    left_waiting: z.number().int(),
    revenue: credits,
    utilisation: perResource,
    cutoff_score: score.nullable(),
  }),
  price_update: systemEvent({
    resource: z.string(),
    old_price: credits,
    new_price: credits,
    reason: z.enum(['supply_constraint', 'demand_spike', 'demand_drop', 'unchanged']),
    tick: z.number().int().min(1),
    ticked_at: moment,
    e: z.number().int().min(0),
    demand: fraction,
    elapsed_ms: z.number().int().min(0),
  }),
  price_fallback: systemEvent({ age_seconds: z.number().min(0) }),
  price_recovered: systemEvent({ age_seconds: z.number().min(0) }),
} satisfies Record<string, EventType<z.ZodType>>

export type EventName = keyof typeof eventTypes
export type EventData<Name extends EventName> = z.infer<(typeof eventTypes)[Name]['data']>

/** True when `type` names an event of this registry. */
export function isEventName(type: string): type is EventName {
  return Object.hasOwn(eventTypes, type)
}
