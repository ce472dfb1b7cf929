import { expect, test } from 'vitest'
import { createAccountable } from '../../../shared/gateway/accountable.ts'

const settled = () => new Promise(resolve => setImmediate(resolve))

test('agents of one owner are counted together once that is known; others each for themselves', async () => {
  const owners: Record<string, string> = { ann: 'acme', bob: 'acme' }
  const whoIs = createAccountable(async (_marketId, agent) => owners[agent] ?? null)
  expect(whoIs('m', 'ann')).toBe('m/ann')
  for (const agent of ['bob', 'cleo']) whoIs('m', agent)
  whoIs('n', 'ann')
  await settled()
  expect(whoIs('m', 'ann')).toBe(whoIs('m', 'bob'))
  expect(whoIs('n', 'ann')).not.toBe(whoIs('m', 'ann'))
  expect(whoIs('m', 'cleo')).toBe('m/cleo')
})

test('an owner is read once in a while, and kept when it cannot be read', async () => {
  let at = 0
  let reads = 0
  const whoIs = createAccountable(
    async () => {
      reads += 1
      if (reads > 1) throw new Error('no database')
      return 'acme'
    },
    () => at,
  )
  whoIs('m', 'ann')
  await settled()
  const counted = whoIs('m', 'ann')
  at = 59_000
  expect(whoIs('m', 'ann')).toBe(counted)
  expect(reads).toBe(1)
  at = 61_000
  expect(whoIs('m', 'ann')).toBe(counted)
  await settled()
  expect(whoIs('m', 'ann')).toBe(counted)
  expect(reads).toBe(2)
})
