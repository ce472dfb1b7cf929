import { expect, test } from 'vitest'
import { createFairQueue } from '../../../shared/gateway/fair-queue.ts'

test('serves those who wait in turn, and each in its own order', () => {
  const queue = createFairQueue<string>()
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item[0]!, item)
  expect(queue.take(4)).toEqual(['a1', 'b1', 'c1', 'a2'])
  queue.push('b', 'b2')
  expect(queue.take(10)).toEqual(['c2', 'a3', 'b2'])
  expect(queue.size).toBe(0)
})

test('a long line delays nobody but itself', () => {
  const queue = createFairQueue<string>()
  for (let place = 0; place < 10_000; place++) queue.push('flood', `flood ${place}`)
  queue.push('ann', 'ann')
  expect(queue.take(2)).toContain('ann')
  expect(queue.size).toBe(9_999)
})
