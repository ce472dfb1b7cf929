import { expect, test, vi } from 'vitest'
import { callStageHands } from '../../../shared/benchmark/stage-hands.ts'
import type { TrialParts } from '../../../shared/benchmark/trial-parts.ts'
import { type Outcome, refuse } from '../../../shared/economy/refusal.ts'
import type { RevokedLease, RevokeLease } from '../../../shared/identity/identity.ts'
import type { AdjustRequest, Ledger } from '../../../shared/ledger/ledger.ts'
import type { Hook } from '../../../shared/scenario/injection.ts'
import type { Scenario } from '../../../shared/scenario/scenario.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { LOOK_THEN_BID } from '../../workflows/benchmark-scenarios.ts'

const reason = 'maintenance'
const injecting = (hook: Hook): Scenario => ({
  ...LOOK_THEN_BID,
  injections: [{ name: 'change', when: { after_ms: 0 }, do: hook }],
})
const scenario = injecting({ hook: 'revoke_leases', agent: 'agent', refund: true, reason })

function partsWith(revoke: (request: RevokeLease) => Outcome<RevokedLease>) {
  const asked: RevokeLease[] = []
  const parts = {
    listActiveLeases: async () => ['one', 'two'],
    identity: {
      revokeLease: async (request: RevokeLease) => {
        asked.push(request)
        return revoke(request)
      },
    },
  } as unknown as TrialParts
  return { asked, parts }
}

test('leases that a scenario has revoked are revoked each, though one ended by itself meanwhile', async () => {
  const { asked, parts } = partsWith(({ leaseId }) =>
    leaseId === 'one'
      ? refuse('lease_ended', 'it ended', 'leaseId')
      : { ok: true, leaseId, endsAt: '', payer: 'agent', refund: '1', isProgramRunning: false },
  )
  const hands = callStageHands(parts, 'market', scenario)
  await vi.waitUntil(() => asked.length === 2, { timeout: PATIENCE_MS })
  await hands.leave()
  expect(asked.map(({ leaseId, refund, reason: why }) => [leaseId, refund, why])).toEqual([
    ['one', true, reason],
    ['two', true, reason],
  ])
})

test('a lease that cannot be revoked ends the trial as one that could not be held', async () => {
  const { parts } = partsWith(() => refuse('unknown_lease', 'there is none', 'leaseId'))
  const hands = callStageHands(parts, 'market', scenario)
  await expect(hands.failed).rejects.toThrow('there is none')
  await hands.leave()
})

test('of an agent that spends meanwhile, what it has is taken, each try under a key of its own', async () => {
  const asked: AdjustRequest[] = []
  const available = ['40', '15']
  const ledger: Pick<Ledger, 'adjust'> = {
    adjust: async request => {
      asked.push(request)
      const has = available[asked.length - 1]
      if (has === undefined) return { ok: true, operationId: 'one', balance: '0' }
      return refuse('insufficient_balance', 'it has less', 'amount', { required: '100', available: has })
    },
  }
  const parts = { ledger } as unknown as TrialParts
  const hands = callStageHands(
    parts,
    'market',
    injecting({ hook: 'take_credits', agent: 'self', amount: '100', reason }),
  )
  await vi.waitUntil(() => asked.length === 3, { timeout: PATIENCE_MS })
  await hands.leave()
  expect(asked.map(({ amountMicro }) => amountMicro)).toEqual([-100_000_000n, -40_000_000n, -15_000_000n])
  expect(new Set(asked.map(({ key }) => key)).size).toBe(3)
})

test.each([
  ['insufficient_balance', false],
  ['agent_not_alive', false],
  ['unknown_agent', true],
])('a payment refused as %s ends the trial as one that could not be held: %s', async (code, isEnded) => {
  let asked = 0
  const ledger: Pick<Ledger, 'transfer'> = {
    transfer: async () => {
      asked += 1
      return refuse(code, 'no')
    },
  }
  const hands = callStageHands(
    { ledger } as unknown as TrialParts,
    'market',
    injecting({ hook: 'pay', from: 'rival', to: 'self', amount: '1', purpose: 'as asked' }),
  )
  let hasFailed = false
  hands.failed.catch(() => {
    hasFailed = true
  })
  await vi.waitUntil(() => asked === 1, { timeout: PATIENCE_MS })
  await hands.leave()
  expect(hasFailed).toBe(isEnded)
})
