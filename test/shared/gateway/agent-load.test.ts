import { expect, test } from 'vitest'
import { createAgentLoad } from '../../../shared/gateway/agent-load.ts'

const LIMITS = { openMax: 3, requestsPerSecond: 10, requestBurst: 5 }

test('one agent has so many requests open, and others are not touched by it', () => {
  const load = createAgentLoad(LIMITS)
  expect([1, 2, 3, 4].map(() => load.take('ann', 0))).toEqual(['taken', 'taken', 'taken', 'refused'])
  expect(load.take('bob', 0)).toBe('taken')
  load.done('ann')
  expect(load.take('ann', 0)).toBe('taken')
})

test('one agent asks so often, with a burst, and again after a while', () => {
  const load = createAgentLoad({ ...LIMITS, openMax: 100 })
  const taken = (atMs: number) => {
    let count = 0
    while (load.take('ann', atMs) === 'taken') count += 1
    return count
  }
  expect(taken(0)).toBe(5)
  expect(taken(100)).toBe(1)
  expect(taken(60_000)).toBe(5)
})

test('of a flood only some refusals are worth an answer', () => {
  const load = createAgentLoad(LIMITS)
  const verdicts = Array.from({ length: 10_000 }, () => load.take('ann', 0))
  expect(verdicts.filter(verdict => verdict === 'taken')).toHaveLength(3)
  expect(verdicts.filter(verdict => verdict === 'refused').length).toBeLessThan(100)
  expect(verdicts.at(-1)).toBe('dropped')
})

test('who sends what cannot be read is soon listened to no more, and again after a while', () => {
  const load = createAgentLoad({ openMax: 100, requestsPerSecond: 100, requestBurst: 100 })
  let faults = 0
  for (; load.take('ann', 0) === 'taken'; faults++) load.done('ann', true)
  expect(faults).toBeLessThan(10)
  expect(load.take('bob', 0)).toBe('taken')
  expect(load.take('ann', 5_000)).toBe('taken')
})

test('forgets who is quiet, not who waits for an answer', () => {
  const load = createAgentLoad({ ...LIMITS, openMax: 1 })
  load.take('ann', 0)
  load.forget(3_600_000)
  expect(load.take('ann', 3_600_000)).toBe('refused')
})
