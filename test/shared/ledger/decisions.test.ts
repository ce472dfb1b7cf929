import { describe, expect, test } from 'vitest'
import {
  balanceMicro,
  decideGrant,
  decidePlaceHold,
  decideReleaseHold,
  decideSettleHold,
  decideTransfer,
  type LedgerAgent,
  type LedgerHold,
} from '../../../shared/ledger/decisions.ts'

const agent = (agentId: bigint, name: string, more: Partial<LedgerAgent> = {}): [string, LedgerAgent] => [
  name,
  { agentId, name, isDead: false, isFrozen: false, availableMicro: 100n, heldMicro: 40n, ...more },
]
const agents = new Map([agent(1n, 'ann'), agent(2n, 'bob'), agent(3n, 'dan', { isDead: true })])
const market = { marketId: 'm', key: null }
const hold: LedgerHold = {
  holdId: 'h',
  agent: 'ann',
  amountMicro: 40n,
  ref: 'call',
  status: 'held',
  settledTo: null,
}
const total = (all: Iterable<LedgerAgent>) => [...all].reduce((sum, one) => sum + balanceMicro(one), 0n)

function changed(decision: { agents: LedgerAgent[] }): Map<string, LedgerAgent> {
  return new Map([...agents, ...decision.agents.map((one): [string, LedgerAgent] => [one.name, one])])
}

describe('a transfer', () => {
  const request = { ...market, from: 'ann', to: 'bob', amountMicro: 100n, purpose: 'gift' }

  test('moves what is available, to the last micro-credit', () => {
    const decision = decideTransfer(agents, request, 'op')
    expect(decision.outcome).toEqual({ ok: true, operationId: 'op', balance: '0.00004' })
    const after = changed(decision)
    expect([after.get('ann')!.availableMicro, after.get('bob')!.availableMicro]).toEqual([0n, 200n])
    expect(total(after.values())).toBe(total(agents.values()))
    expect(decision.movements).toEqual([
      {
        from: { agentId: 1n, balanceAfterMicro: 40n },
        to: { agentId: 2n, balanceAfterMicro: 240n },
        amountMicro: 100n,
        purpose: 'gift',
        ref: 'op',
      },
    ])
  })

  test.each([
    ['insufficient_balance', { amountMicro: 101n }],
    ['invalid_amount', { amountMicro: 0n }],
    ['invalid_amount', { amountMicro: 10n ** 18n + 1n }],
    ['same_agent', { to: 'ann' }],
    ['unknown_agent', { to: 'eve' }],
    ['unknown_agent', { from: 'eve' }],
    ['agent_not_alive', { to: 'dan' }],
    ['agent_not_alive', { from: 'dan' }],
  ])('is refused and changes nothing: %s %o', (code, wrong) => {
    const decision = decideTransfer(agents, { ...request, ...wrong }, 'op')
    expect(decision).toMatchObject({ outcome: { ok: false, error: { code } }, agents: [], movements: [] })
    expect(decision.events).toEqual([])
  })

  test('for want of credits is refused with how many are there, and how many are needed', () => {
    const { outcome } = decideTransfer(agents, { ...request, amountMicro: 2_000_000n }, 'op')
    expect(outcome).toMatchObject({ error: { required: '2', available: '0.0001' } })
  })
})

test('a grant is minted', () => {
  const decision = decideGrant(agents, { ...market, agent: 'bob', amountMicro: 7n, reason: 'prize' }, 'op')
  expect(decision.movements).toMatchObject([{ from: 'mint', amountMicro: 7n, purpose: 'grant' }])
  expect(changed(decision).get('bob')).toMatchObject({ availableMicro: 107n, heldMicro: 40n })
  expect(decision.events).toMatchObject([{ type: 'credits_minted', data: { amount: '0.000007' } }])
})

describe('a hold', () => {
  test('moves available to held, and no credits', () => {
    const request = { ...market, agent: 'ann', amountMicro: 100n, ref: 'call' }
    const decision = decidePlaceHold(agents, request, 'op')
    expect(changed(decision).get('ann')).toMatchObject({ availableMicro: 0n, heldMicro: 140n })
    expect(decision.movements).toEqual([])
    expect(decision.hold).toMatchObject({ holdId: 'op', agent: 'ann', amountMicro: 100n, status: 'held' })
    const tooMuch = decidePlaceHold(agents, { ...request, amountMicro: 101n }, 'op')
    expect(tooMuch).toMatchObject({ outcome: { ok: false }, hold: null, agents: [] })
  })

  test('is settled to another agent', () => {
    const decision = decideSettleHold(agents, hold, { marketId: 'm', holdId: 'h', to: 'bob' }, 'op')
    const after = changed(decision)
    expect(after.get('ann')).toMatchObject({ availableMicro: 100n, heldMicro: 0n })
    expect(after.get('bob')).toMatchObject({ availableMicro: 140n, heldMicro: 40n })
    expect(total(after.values())).toBe(total(agents.values()))
    expect(decision.hold).toMatchObject({ status: 'settled', settledTo: 'bob' })
  })

  test('is released to its agent', () => {
    const decision = decideReleaseHold(agents, hold, { marketId: 'm', holdId: 'h' }, 'op')
    expect(changed(decision).get('ann')).toMatchObject({ availableMicro: 140n, heldMicro: 0n })
    expect(decision.hold).toMatchObject({ status: 'released' })
  })

  test.each([
    ['settled', 'bob', 'settle', 'bob', true],
    ['settled', 'bob', 'settle', 'ann', false],
    ['settled', 'bob', 'release', '', false],
    ['released', null, 'release', '', true],
    ['released', null, 'settle', 'bob', false],
  ] as const)('resolves once: %s to %s, then %s %s', (status, settledTo, then, to, ok) => {
    const resolved = { ...hold, status, settledTo }
    const decision =
      then === 'settle'
        ? decideSettleHold(agents, resolved, { marketId: 'm', holdId: 'h', to }, 'op')
        : decideReleaseHold(agents, resolved, { marketId: 'm', holdId: 'h' }, 'op')
    expect(decision).toMatchObject({ agents: [], movements: [], hold: null, events: [] })
    expect(decision.outcome).toMatchObject(ok ? { ok } : { ok, error: { code: 'hold_resolved' } })
  })

  test('that is not there, or paid to nobody, is refused', () => {
    const request = { marketId: 'm', holdId: 'h', to: 'bob' }
    const codeOf = (found: LedgerHold | null, to: string) => {
      const { outcome } = decideSettleHold(agents, found, { ...request, to }, 'op')
      return outcome.ok ? 'ok' : outcome.error.code
    }
    expect(codeOf(null, 'bob')).toBe('unknown_hold')
    expect(codeOf(hold, 'eve')).toBe('unknown_agent')
    expect(codeOf(hold, 'dan')).toBe('agent_not_alive')
    expect(codeOf(hold, 'ann')).toBe('same_agent')
    expect(decideReleaseHold(agents, null, request, 'op').outcome).toMatchObject({
      error: { code: 'unknown_hold' },
    })
  })
})
