import { beforeEach, describe, expect, test } from 'vitest'
import { apply } from '../../../shared/events/apply.ts'
import { EventDoesNotFit } from '../../../shared/events/changes/change.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { type EventData, type EventName, eventTypes } from '../../../shared/events/registry.ts'
import { type EconomyState, emptyState } from '../../../shared/events/state.ts'

const BID = '00000000-0000-4000-8000-000000000001'
const OTHER_BID = '00000000-0000-4000-8000-000000000002'
const LEASE = '00000000-0000-4000-8000-000000000003'
const HOLD = '00000000-0000-4000-8000-000000000004'
const NOON = '2030-01-01T12:00:00.000Z'
const LATER = '2030-01-01T12:00:10.000Z'

let state: EconomyState

/** Applies an event whose payload its own schema takes. */
function tell<Name extends EventName>(
  type: Name,
  data: EventData<Name>,
  about: { agent?: string; correlation?: string } = {},
): void {
  apply(state, {
    event_id: '00000000-0000-4000-8000-00000000000f',
    timestamp: NOON,
    source: 'system',
    type,
    schema_version: 1,
    market_id: 'm',
    ...(about.agent === undefined ? {} : { agent_id: about.agent }),
    correlation_id: about.correlation ?? 'c',
    epoch: 1,
    seq: state.seq + 1,
    data: eventTypes[type].data.parse(data),
  } as BourseEvent)
}

function register(agent: string, credits: string): void {
  tell('agent_registered', { initial_balance: credits }, { agent })
  tell('credits_minted', { agent_id: agent, amount: credits, reason: 'endowment', ref: 'r' }, { agent })
}

function placeBid(bidId: string, amount: string, more: Partial<EventData<'bid_placed'>> = {}): void {
  tell('bid_placed', {
    bid_id: bidId,
    payer_id: 'ann',
    beneficiary_id: 'ben',
    bundle: { cpu: 0.25, memory: 0.1, durationSeconds: 10 },
    total_cost: amount,
    good_till_cancelled: false,
    expires_at: null,
    via: 'cli',
    actor: 'test',
    ...more,
  })
}

function process(bidId: string, status: 'winning' | 'outbid', amount: string, rank: number): void {
  tell('bid_processed', { bid_id: bidId, cycle: 1, status, amount, score: '7', rank })
}

function allocate(): void {
  tell('resources_allocated', {
    bid_id: BID,
    lease_id: LEASE,
    beneficiary_id: 'ben',
    bundle: { cpu: 0.25, memory: 0.1, durationSeconds: 10 },
    cost: '20.5',
    starts_at: NOON,
    ends_at: LATER,
  })
}

beforeEach(() => {
  state = emptyState()
  tell('market_created', {
    resources: [
      { name: 'cpu', unit: 'cores', capacity: '4' },
      { name: 'memory', unit: 'MiB', capacity: '4096' },
    ],
    rules: { minimumBid: '1', cycleSeconds: 1 },
  })
  register('ann', '100')
  register('ben', '0.000001')
})

describe('a market', () => {
  test('is open with its resources and rules', () => {
    expect(state.market).toMatchObject({ status: 'open', mintedMicro: 100_000_001n, leasedPpm: [0, 0] })
  })

  test('pauses, resumes, closes', () => {
    const statuses = (['market_paused', 'market_resumed', 'market_closed'] as const).map(type => {
      tell(type, { actor: 'test' })
      return state.market?.status
    })
    expect(statuses).toEqual(['paused', 'open', 'closing'])
  })

  test('changes the rules that changed and keeps the others', () => {
    tell('market_rules_changed', { before: { minimumBid: '1' }, after: { minimumBid: '2' }, actor: 'test' })
    expect(state.market?.rules).toEqual({ minimumBid: '2', cycleSeconds: 1 })
  })
})

describe('credits', () => {
  test('are minted, transferred and burned', () => {
    tell('credits_transferred', { from_agent: 'ann', to_agent: 'ben', amount: '30', purpose: 'lunch' })
    tell('credits_burned', { agent_id: 'ben', amount: '10', reason: 'fee' })
    expect(state.agents.get('ann')?.availableMicro).toBe(70_000_000n)
    expect(state.agents.get('ben')?.availableMicro).toBe(20_000_001n)
    expect(state.market).toMatchObject({ mintedMicro: 100_000_001n, burnedMicro: 10_000_000n })
  })

  test('a hold moves available to held, and back', () => {
    tell('hold_placed', { hold_id: HOLD, amount: '40', ref: 'call' }, { agent: 'ann' })
    expect(state.agents.get('ann')).toMatchObject({ availableMicro: 60_000_000n, heldMicro: 40_000_000n })
    tell('hold_released', { hold_id: HOLD, amount: '40', ref: 'call' }, { agent: 'ann' })
    expect(state.agents.get('ann')).toMatchObject({ availableMicro: 100_000_000n, heldMicro: 0n })
    expect(state.holds.get(HOLD)).toMatchObject({ status: 'released', settledTo: null })
  })

  test('a settled hold is paid by the transfer that belongs to it', () => {
    tell('hold_placed', { hold_id: HOLD, amount: '40', ref: 'call' }, { agent: 'ann' })
    tell('hold_settled', { hold_id: HOLD, amount: '40', ref: 'call' }, { agent: 'ann', correlation: HOLD })
    const paid = { from_agent: 'ann', to_agent: 'ben', amount: '40', purpose: 'call' }
    tell('credits_transferred', paid, { agent: 'ann', correlation: HOLD })
    expect(state.holds.get(HOLD)).toMatchObject({ status: 'settled', settledTo: 'ben' })
    expect(state.agents.get('ann')).toMatchObject({ availableMicro: 60_000_000n, heldMicro: 0n })
  })
})

describe('a bid', () => {
  test('holds its amount while it is open', () => {
    placeBid(BID, '20.5')
    expect(state.agents.get('ann')).toMatchObject({
      availableMicro: 79_500_000n,
      heldMicro: 20_500_000n,
      openBids: 1,
    })
    expect(state.bids.get(BID)).toMatchObject({
      status: 'pending',
      quantitiesPpm: [250_000, 100_000],
      durationSeconds: 10,
    })
  })

  test('that wins is paid and leased, and completed when its lease ends', () => {
    placeBid(BID, '20.5')
    process(BID, 'winning', '20.5', 1)
    tell('credits_burned', { agent_id: 'ann', amount: '20.5', reason: 'bid_payment' })
    allocate()
    expect(state.agents.get('ann')).toMatchObject({ availableMicro: 79_500_000n, heldMicro: 0n, openBids: 0 })
    expect(state.leases.get(LEASE)).toEqual({
      bidId: BID,
      payer: 'ann',
      beneficiary: 'ben',
      cycle: 1,
      quantitiesPpm: [250_000, 100_000],
      startsAt: NOON,
      endsAt: LATER,
      status: 'active',
    })
    expect(state.market?.leasedPpm).toEqual([250_000, 100_000])
    tell('lease_ended', { lease_id: LEASE, bid_id: BID, ends_at: LATER })
    expect(state.bids.get(BID)).toMatchObject({ status: 'completed', decidedCycle: 1, score: '7', rank: 1 })
    expect(state.leases.get(LEASE)?.status).toBe('ended')
    expect(state.market?.leasedPpm).toEqual([0, 0])
  })

  test('whose lease is revoked is completed, its supply free at once', () => {
    placeBid(BID, '20.5')
    process(BID, 'winning', '20.5', 1)
    allocate()
    const revoked = {
      lease_id: LEASE,
      bid_id: BID,
      ends_at: NOON,
      refund: '0',
      reason: 'abuse',
      actor: 'test',
    }
    tell('lease_revoked', revoked)
    expect(state.leases.get(LEASE)).toMatchObject({ status: 'revoked', endsAt: NOON })
    expect(state.bids.get(BID)?.status).toBe('completed')
    expect(state.market?.leasedPpm).toEqual([0, 0])
  })

  test.each([
    ['outbid', () => process(BID, 'outbid', '20', 2)],
    ['cancelled', () => tell('bid_cancelled', { bid_id: BID, released: '20' })],
    ['expired', () => tell('bid_expired', { bid_id: BID, released: '20' })],
  ])('that is %s gets its hold back', (status, end) => {
    placeBid(BID, '20')
    end()
    expect(state.bids.get(BID)?.status).toBe(status)
    expect(state.agents.get('ann')).toMatchObject({
      availableMicro: 100_000_000n,
      heldMicro: 0n,
      openBids: 0,
    })
  })

  test('that is rejected changes nothing', () => {
    const before = structuredClone(state)
    tell('bid_rejected', { reason: 'rate_limited', required: null, available: null, count: 9 })
    expect({ ...state, seq: before.seq }).toEqual(before)
  })
})

test('a cleared cycle is kept in the order of the resources', () => {
  tell('cycle_cleared', {
    cycle: 1,
    cutoff_seq: 5,
    effective_at: NOON,
    supply: { memory: 0.9, cpu: 0.000001 },
    demand: { cpu: 2.5, memory: 0 },
    prices: { memory: '0.01', cpu: '1.5' },
    price_source: 'live',
    winners: 1,
    losers: 2,
    left_waiting: 3,
    revenue: '20.5',
    utilisation: { cpu: 1, memory: 0.1 },
    cutoff_score: null,
  })
  expect(state.cycles.get(1)).toMatchObject({
    supplyPpm: [1, 900_000],
    demandPpm: [2_500_000, 0],
    pricesMicro: [1_500_000n, 10_000n],
    utilisationPpm: [1_000_000, 100_000],
    revenueMicro: 20_500_000n,
  })
})

test('every tick of a price is kept', () => {
  const tick = { resource: 'cpu', old_price: '0.01', new_price: '0.01125', reason: 'demand_spike' as const }
  tell('price_update', { ...tick, tick: 1, ticked_at: NOON, e: 1_000_000, demand: 1.5, elapsed_ms: 10_000 })
  expect(state.prices.get('1/cpu')).toEqual({
    priceMicro: 11_250n,
    exponentMillionths: 1_000_000,
    demandPpm: 1_500_000,
    reason: 'demand_spike',
    elapsedMs: 10_000,
    tickedAt: NOON,
  })
})

describe('an agent', () => {
  const ann = () => state.agents.get('ann')

  test('keeps its owner, who answers for its children too', () => {
    tell('agent_registered', { initial_balance: '0', owner: 'lab' }, { agent: 'eve' })
    const spawn = {
      parent_id: 'eve',
      child_id: 'eva',
      spawn_cost: '10',
      initial_balance: '5',
      model_tier: null,
    }
    tell('agent_spawned', spawn, { agent: 'eve' })
    expect(state.agents.get('eva')).toMatchObject({ status: 'alive', owner: 'lab', parent: 'eve' })
    expect(ann()).toMatchObject({ owner: null, parent: null })
  })

  test('sleeps, wakes, dies and is revived', () => {
    const reason = 'insufficient_credits' as const
    const sleep = () => tell('agent_dormant', { final_balance: '0', reason }, { agent: 'ann' })
    sleep()
    expect(ann()?.status).toBe('dormant')
    tell('agent_awake', { awakened_by: 'agent', waker_id: 'ben', current_balance: '0' }, { agent: 'ann' })
    expect(ann()?.status).toBe('alive')
    sleep()
    tell('agent_died', { final_balance: '0', reason }, { agent: 'ann' })
    expect(ann()?.status).toBe('dead')
    tell('agent_revived', { actor: 'test', reason: 'mercy' }, { agent: 'ann' })
    expect(ann()?.status).toBe('alive')
  })

  test('is frozen and unfrozen beside its status', () => {
    tell('agent_frozen', { actor: 'test', reason: 'spam' }, { agent: 'ann' })
    expect(ann()).toMatchObject({ status: 'alive', frozen: true })
    tell('agent_unfrozen', { actor: 'test', reason: 'sorry' }, { agent: 'ann' })
    expect(ann()?.frozen).toBe(false)
  })

  test('runs its program, which ends once', () => {
    tell('execution_started', { execution_id: 'run', lease_id: LEASE }, { agent: 'ann' })
    const end = () =>
      tell('execution_terminated', { execution_id: 'run', exit_code: null, reason: 'time' }, { agent: 'ann' })
    end()
    expect(state.executions.get('run')).toEqual({
      agent: 'ann',
      leaseId: LEASE,
      status: 'terminated',
      exitCode: null,
      reason: 'time',
    })
    expect(end).toThrow(EventDoesNotFit)
  })

  test('has the outcomes of its service counted', () => {
    const service = { service_name: 'sums', advertised_cost: '2', specification: { adds: true } }
    tell('service_registered', service, { agent: 'ann' })
    const call = { caller_agent: 'ben', provider_agent: 'ann', service_name: 'sums', execution_time_ms: 7 }
    tell('service_invoked', { ...call, call_id: '1', cost: '2', result: 'success' })
    tell('service_invoked', { ...call, call_id: '2', cost: '0', result: 'timeout' })
    tell('service_registered', { ...service, advertised_cost: '3' }, { agent: 'ann' })
    expect(state.services.get('ann/sums')).toEqual({
      costMicro: 3_000_000n,
      specification: { adds: true },
      succeeded: 1,
      failed: 1,
    })
  })
})

describe('a prompt', () => {
  const escrow = { agent_id: 'ann', amount: '30', ref: HOLD }
  const conserved = () =>
    [...state.agents.values()].reduce((sum, one) => sum + one.availableMicro + one.heldMicro, 0n) +
    state.market!.escrowMicro

  beforeEach(() => {
    tell('credits_escrowed', escrow, { agent: 'ann' })
    const prompt = { prompt_id: HOLD, lease_id: LEASE, amount: '30', text: 'Look!', expires_at: null }
    tell('prompt_opened', prompt, { agent: 'ann' })
  })

  test('waits with its credits in escrow, which are the market’s', () => {
    expect(state.agents.get('ann')).toMatchObject({ availableMicro: 70_000_000n, heldMicro: 0n })
    expect(state.market).toMatchObject({ escrowMicro: 30_000_000n, burnedMicro: 0n })
    expect(conserved()).toBe(state.market!.mintedMicro)
  })

  test('that is scored is rewarded, and its escrow burned', () => {
    const scores = { interesting: 7, useful: 8, understandable: 6 }
    tell('human_reward_issued', { prompt_id: HOLD, scores, credits_awarded: '1050', actor: 'op' })
    tell('credits_minted', { agent_id: 'ann', amount: '1050', reason: 'reward', ref: HOLD })
    tell('escrow_burned', escrow)
    expect(state.prompts.get(HOLD)).toMatchObject({
      status: 'rewarded',
      scores,
      awardedMicro: 1_050_000_000n,
    })
    expect(state.market).toMatchObject({ escrowMicro: 0n, burnedMicro: 30_000_000n })
    expect(conserved()).toBe(state.market!.mintedMicro - state.market!.burnedMicro)
  })

  test('that expires gives its credits back', () => {
    tell('prompt_expired', { prompt_id: HOLD }, { agent: 'ann' })
    tell('escrow_released', escrow, { agent: 'ann' })
    expect(state.prompts.get(HOLD)?.status).toBe('expired')
    expect(state.agents.get('ann')?.availableMicro).toBe(100_000_000n)
    expect(() => tell('escrow_released', escrow, { agent: 'ann' })).toThrow(EventDoesNotFit)
  })
})

describe('what cannot have happened is refused:', () => {
  const refused = (act: () => void) => expect(act).toThrow(EventDoesNotFit)

  test('a second creation', () => refused(() => tell('market_created', { resources: [], rules: {} })))
  test('anything before the creation', () => {
    state = emptyState()
    refused(() => tell('market_paused', { actor: 'test' }))
  })
  test('a gap', () => {
    const [seq, type] = [state.seq + 2, 'market_paused']
    refused(() => apply(state, { seq, type, data: { actor: 'test' } } as BourseEvent))
  })
  test('an agent registered twice', () => refused(() => register('ann', '1')))
  test('credits of an unknown agent', () =>
    refused(() => tell('credits_burned', { agent_id: 'eve', amount: '1', reason: 'fee' })))
  test('a bid placed twice', () => {
    placeBid(BID, '1')
    refused(() => placeBid(BID, '1'))
  })
  test('a bid decided twice', () => {
    placeBid(BID, '1')
    process(BID, 'outbid', '1', 1)
    refused(() => process(BID, 'winning', '1', 1))
  })
  test('a bundle of something the market does not sell', () =>
    refused(() => placeBid(BID, '1', { bundle: { gold: 1, durationSeconds: 1 } })))
  test('an allocation to a bid that did not win', () => {
    placeBid(BID, '20.5')
    refused(allocate)
  })
  test('the end of an unknown lease, bid or hold', () => {
    refused(() => tell('lease_ended', { lease_id: LEASE, bid_id: BID, ends_at: LATER }))
    refused(() => tell('bid_cancelled', { bid_id: OTHER_BID, released: '1' }))
    refused(() => tell('hold_settled', { hold_id: HOLD, amount: '1', ref: 'call' }))
  })
})
