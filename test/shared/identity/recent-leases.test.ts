import { expect, test } from 'vitest'
import { refuse } from '../../../shared/economy/refusal.ts'
import type { TokenLease } from '../../../shared/identity/identity.ts'
import { rememberLeases } from '../../../shared/identity/recent-leases.ts'
import { hashToken } from '../../../shared/identity/token.ts'

test('a lease that was found is remembered for a while, a refusal never', async () => {
  let nowMs = 0
  let asked = 0
  const find = rememberLeases(
    async token => {
      asked += 1
      return token === 'wrong'
        ? refuse('unknown_token', 'no')
        : { ok: true, lease: { leaseId: token } as TokenLease }
    },
    () => nowMs,
  )
  expect(await find('one')).toEqual({ ok: true, lease: { leaseId: 'one' }, tokenHash: hashToken('one') })
  await find('one')
  expect(asked).toBe(1)
  for (const _ of [1, 2]) expect(await find('wrong')).toMatchObject({ ok: false })
  expect(asked).toBe(3)
  nowMs = 5_000
  await find('one')
  expect(asked).toBe(4)
})
