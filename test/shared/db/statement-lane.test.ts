import { expect, test } from 'vitest'
import { createStatementLane } from '../../../shared/db/statement-lane.ts'

test('one thing is done at once, what comes meanwhile is gathered, and each is told its own answer', async () => {
  const lane = createStatementLane()
  const batches: string[] = []
  let atOnce = 0
  const run = (name: string) => async (batch: readonly number[]) => {
    atOnce += 1
    expect(atOnce).toBe(1)
    batches.push(`${name}:${batch.join(',')}`)
    await new Promise(resolve => setImmediate(resolve))
    atOnce -= 1
    return batch.map(one => one * 2)
  }
  const [first, second] = [lane.line(3, run('first')), lane.line(3, run('second'))]
  const asked = [first(1), first(2), second(3), first(4), first(5), first(6), second(7)]
  expect(await Promise.all(asked)).toEqual([2, 4, 6, 8, 10, 12, 14])
  expect(batches).toEqual(['first:1', 'second:3,7', 'first:2,4,5', 'first:6'])
  expect(await first(8)).toBe(16)
})

test('where several fail together each is done alone', async () => {
  const double = createStatementLane().line(10, async (batch: readonly number[]) => {
    if (batch.includes(0)) throw new Error('zero')
    return batch.map(one => one * 2)
  })
  const told = await Promise.allSettled([1, 2, 0, 3].map(one => double(one)))
  expect(told).toMatchObject([{ value: 2 }, { value: 4 }, { reason: new Error('zero') }, { value: 6 }])
})
