import { expect, test } from 'vitest'
import { apply } from '../../../shared/events/apply.ts'
import { EventDoesNotFit } from '../../../shared/events/changes/change.ts'
import { type CheckpointPart, partsOf } from '../../../shared/events/checkpoint.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { foldFinished } from '../../../shared/events/finished.ts'
import type { EventData, EventName } from '../../../shared/events/registry.ts'
import { type EconomyState, emptyState } from '../../../shared/events/state.ts'

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const NOON = '2030-01-01T12:00:00.000Z'

function tell<Name extends EventName>(
  state: EconomyState,
  type: Name,
  data: EventData<Name>,
  agent = 'ann',
  seq = state.seq + 1,
): void {
  apply(state, { type, data, agent_id: agent, correlation_id: 'c', seq } as unknown as BourseEvent)
}

/** A market with an agent, a finished bid, an open one, and a price. */
function someState(openBids = 1): EconomyState {
  const state = emptyState()
  tell(state, 'market_created', {
    resources: [{ name: 'cpu', unit: 'cores', capacity: '4' }],
    rules: { minimumBid: '1' },
  })
  tell(state, 'agent_registered', { initial_balance: '9000' })
  tell(state, 'credits_minted', { agent_id: 'ann', amount: '9000.000001', reason: 'endowment', ref: 'r' })
  const bid = { payer_id: 'ann', beneficiary_id: 'ann', bundle: { cpu: 0.25, durationSeconds: 10 } }
  const more = { good_till_cancelled: false, expires_at: null, via: 'cli' as const, actor: 'test' }
  for (let n = 0; n <= openBids; n++)
    tell(state, 'bid_placed', { ...bid, ...more, bid_id: id(n), total_cost: '2' })
  tell(state, 'bid_cancelled', { bid_id: id(0), released: '2' })
  const specification = { z: [1, { b: 'Micro', a: null }], priceMicro: 'free' }
  tell(state, 'service_registered', { service_name: 'sums', advertised_cost: '2', specification })
  const tick = {
    resource: 'cpu',
    old_price: '0.01',
    new_price: '0.01',
    reason: 'unchanged' as const,
    tick: 1,
  }
  tell(state, 'price_update', { ...tick, ticked_at: NOON, e: 0, demand: 0, elapsed_ms: 10_000 })
  return state
}

function beginFrom(parts: readonly CheckpointPart[], firstSeq = 41): EconomyState {
  const state = emptyState()
  for (const [place, part] of parts.entries())
    tell(state, 'state_checkpoint', part, undefined, firstSeq + place)
  return state
}

test('a state is the same after its checkpoint, and goes on from there', () => {
  const state = someState()
  const parts = partsOf(state)
  const begun = beginFrom(parts)
  expect(begun).toEqual({ ...state, seq: 41 })
  tell(begun, 'bid_cancelled', { bid_id: id(1), released: '2' })
  expect(begun.agents.get('ann')).toMatchObject({
    availableMicro: 9_000_000_001n,
    heldMicro: 0n,
    openBids: 0,
  })
})

test('a large state comes in parts that fit into messages each', () => {
  const state = someState(3_000)
  const parts = partsOf(state)
  expect(parts.length).toBeGreaterThan(1)
  for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(900_000)
  expect(beginFrom(parts)).toEqual({ ...state, seq: 40 + parts.length })
})

test('what is over for good is counted, with a digest that has no order', () => {
  const [one, other] = [someState(2), someState(2)]
  const end = (state: EconomyState, n: number) =>
    tell(state, 'bid_cancelled', { bid_id: id(n), released: '2' })
  end(one, 1)
  foldFinished(one)
  end(one, 2)
  foldFinished(one)
  end(other, 2)
  end(other, 1)
  foldFinished(other)
  expect(one.finished).toEqual(other.finished)
  expect(one.finished.bid.count).toBe(3)
  expect(one.bids.size).toBe(0)
})

test('a checkpoint whose state was altered, or lacks a part, is not taken', () => {
  const [part] = partsOf(someState())
  const altered = { ...part!, state: part!.state.map(line => line.replace('9000', '9001')) }
  expect(altered.state).not.toEqual(part!.state)
  expect(() => beginFrom([altered])).toThrow(EventDoesNotFit)
  const parts = partsOf(someState(3_000))
  expect(() => beginFrom(parts.slice(1))).toThrow(EventDoesNotFit)
})

test('whoever has the state is told nothing new', () => {
  const state = someState()
  const before = structuredClone(state)
  for (const part of partsOf(structuredClone(state))) tell(state, 'state_checkpoint', part)
  expect({ ...state, seq: before.seq }).toEqual(before)
})
