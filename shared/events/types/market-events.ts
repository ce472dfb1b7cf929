import { z } from 'zod'
import { eventType } from './event-type.ts'
import { actor, credits, fraction, moment, perResource, score } from './fields.ts'

const ageSeconds = { age_seconds: z.number().min(0).describe('how old the newest recorded prices are') }

/** What a market is, its cycles and its prices. */
export const marketEvents = {
  market_created: eventType('system', 'The first event: an open market, nothing minted, nothing leased.', {
    resources: z.array(
      z.strictObject({
        name: z.string(),
        unit: z.string(),
        capacity: z.string().describe('in its unit, a decimal string; tokens: per minute'),
      }),
    ),
    rules: z.record(z.string(), z.unknown()).describe('every rule by its name'),
  }),
  market_rules_changed: eventType('system', 'The rules named in after have these values now.', {
    before: z.record(z.string(), z.unknown()),
    after: z.record(z.string(), z.unknown()),
    actor,
  }),
  market_paused: eventType('system', 'The market is paused: it clears no cycle by itself.', { actor }),
  market_resumed: eventType('system', 'The market is open again.', { actor }),
  market_closed: eventType('system', 'The market is closing: it admits no bid any more.', { actor }),
  history_restored: eventType(
    'system',
    "Postgres was restored from a backup: what an earlier epoch's events told after last_seq never happened. " +
      'Changes nothing itself; a reader that applied such events starts anew.',
    {
      from_epoch: z.number().int().min(1).describe('the newest epoch before this one'),
      last_seq: z.number().int().min(0).describe('the last event that still holds'),
      actor,
    },
  ),
  state_checkpoint: eventType(
    'system',
    'A part of the whole state as it is after the event before part 1. What came before may not be kept: a stream that ' +
      'begins with part 1 is read from there, its state being what the parts say. To a reader that has the state ' +
      'already it changes nothing.',
    {
      part: z.number().int().min(1),
      parts: z.number().int().min(1),
      state_hash: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .describe('SHA-256 of the state: its lines, each ended by a newline, over all parts'),
      state: z
        .array(z.string())
        .describe('lines of the state, each a JSON document; docs/replay.md tells what they say'),
    },
  ),
  cycle_cleared: eventType(
    'system',
    "A cycle was settled; its bids', payments' and leases' events stand before it.",
    {
      cycle: z.number().int(),
      cutoff_seq: z.number().int().describe('bids whose bid_placed has a later seq waited'),
      effective_at: moment,
      supply: perResource.describe('fraction of capacity that was not leased before'),
      demand: perResource.describe(
        'fraction of capacity leased before, and asked for by bids that reach their posted cost',
      ),
      prices: z
        .record(z.string(), credits)
        .describe('posted prices, credits per 100 % of capacity and second'),
      price_source: z.enum(['live', 'last_known', 'floor']),
      winners: z.number().int(),
      losers: z.number().int(),
      left_waiting: z.number().int().describe('bids that stay in the book'),
      revenue: credits,
      utilisation: perResource.describe('fraction of capacity leased after'),
      cutoff_score: score.nullable().describe('the lowest score that won; null: nobody did'),
    },
  ),
  price_update: eventType(
    'system',
    'One tick of one resource: new_price is posted from now on, moved or not.',
    {
      resource: z.string(),
      old_price: credits.describe('credits per 100 % of capacity and second'),
      new_price: credits.describe('credits per 100 % of capacity and second'),
      reason: z.enum(['supply_constraint', 'demand_spike', 'demand_drop', 'unchanged']),
      tick: z.number().int().min(1),
      ticked_at: moment,
      e: z.number().int().min(0).describe('the exponent of the price formula after the tick, millionths'),
      demand: fraction.describe('fraction of capacity that the tick used as demand'),
      elapsed_ms: z.number().int().min(0).describe('time the tick accounts for, milliseconds'),
    },
  ),
  price_fallback: eventType(
    'system',
    'Cycles begin to clear at prices that nobody renewed. Changes nothing.',
    ageSeconds,
  ),
  price_recovered: eventType('system', 'Cycles clear at renewed prices again. Changes nothing.', ageSeconds),
}
