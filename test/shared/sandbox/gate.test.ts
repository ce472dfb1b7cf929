import { expect, it } from 'vitest'
import { createGate } from '../../../shared/sandbox/gate.ts'

it('lets so many in at a time, in the order they came', async () => {
  const gate = createGate(2)
  const entered: number[] = []
  const leave = [0, 1, 2, 3].map(async nth => {
    const out = await gate.enter()
    entered.push(nth)
    return out
  })
  await Promise.all(leave.slice(0, 2))
  expect(entered).toEqual([0, 1])
  const first = await leave[0]!
  first()
  first()
  await leave[2]
  expect(entered).toEqual([0, 1, 2])
  for (const out of [leave[1]!, leave[2]!]) (await out)()
  await leave[3]
  expect(entered).toEqual([0, 1, 2, 3])
})
