import { expect, test, vi } from 'vitest'
import { callStageHands } from '../../../shared/benchmark/stage-hands.ts'
import type { TrialParts } from '../../../shared/benchmark/trial-parts.ts'
import { type Outcome, refuse } from '../../../shared/economy/refusal.ts'
import type { RevokedLease, RevokeLease } from '../../../shared/identity/identity.ts'
import type { Scenario } from '../../../shared/scenario/scenario.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { LOOK_THEN_BID } from '../../workflows/benchmark-scenarios.ts'

const reason = 'maintenance'
const scenario: Scenario = {
  ...LOOK_THEN_BID,
  injections: [
    {
      name: 'maintenance',
      when: { after_ms: 0 },
      do: { hook: 'revoke_leases', agent: 'agent', refund: true, reason },
    },
  ],
}

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
