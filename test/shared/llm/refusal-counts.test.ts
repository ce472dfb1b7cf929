import { expect, test } from 'vitest'
import { createRefusalCounts } from '../../../shared/llm/refusal-counts.ts'

test('refusals are counted by lease, reason and model until they are taken, and no more of them than are kept', () => {
  const counts = createRefusalCounts()
  const one = { leaseId: 'a', code: 'too_many_calls', model: 'small', calls: 1 }
  for (let nth = 0; nth < 5; nth++) counts.count(one)
  counts.count({ ...one, model: null, calls: 3 })
  expect(counts.take()).toEqual([
    { ...one, calls: 5 },
    { ...one, model: null, calls: 3 },
  ])
  expect(counts.take()).toEqual([])
  for (let nth = 0; nth < 5_000; nth++) counts.count({ ...one, leaseId: String(nth) })
  expect(counts.take()).toHaveLength(2_000)
})
