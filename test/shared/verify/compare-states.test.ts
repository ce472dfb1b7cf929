import { expect, test } from 'vitest'
import { compareStates } from '../../../shared/verify/compare-states.ts'

const compare = (stored: [string, object][], rebuilt: [string, object][]) =>
  compareStates('bid', stored, new Map(rebuilt))

test('the same is the same, whatever the order', async () => {
  const comparison = await compare(
    [
      ['a', { amountMicro: 1n, quantitiesPpm: [1, 2] }],
      ['b', { rank: null }],
    ],
    [
      ['b', { rank: null }],
      ['a', { quantitiesPpm: [1, 2], amountMicro: 1n }],
    ],
  )
  expect(comparison).toEqual({ checked: 2, wrong: 0, examples: [] })
})

test('names the first field that differs', async () => {
  const { examples } = await compare(
    [['a', { rank: 1, amountMicro: 5n }]],
    [['a', { rank: 1, amountMicro: 6n }]],
  )
  expect(examples).toEqual(['bid a: amountMicro is 5 in Postgres and 6 by its events'])
})

test('names what only one side has', async () => {
  const { checked, wrong, examples } = await compare([['a', {}]], [['b', {}]])
  expect({ checked, wrong }).toEqual({ checked: 2, wrong: 2 })
  expect(examples).toEqual([
    'bid a is in Postgres, but no event made it',
    'bid b was made by the events, but is not in Postgres',
  ])
})

test('counts every difference and names only the first', async () => {
  const stored = Array.from({ length: 100 }, (_, place): [string, object] => [`${place}`, {}])
  const { wrong, examples } = await compare(stored, [])
  expect(wrong).toBe(100)
  expect(examples).toHaveLength(3)
})

test('gives back what it has compared', async () => {
  const rebuilt = new Map([['a', {}]])
  await compareStates('bid', [['a', {}]], rebuilt)
  expect(rebuilt.size).toBe(0)
})
