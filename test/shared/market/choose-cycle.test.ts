import { expect, test } from 'vitest'
import type { MarketStatus } from '../../../shared/economy/economy.ts'
import { chooseCycle, type LastCycle } from '../../../shared/market/choose-cycle.ts'

const open: LastCycle = { number: 3, settled: false, run: 'a' }
const settled: LastCycle = { number: 3, settled: true, run: 'a' }
const found = (cycle: number, isSettled: boolean) => ({
  choice: 'found',
  cycle: { cycle, settled: isSettled },
})
const opens = (number: number) => ({ choice: 'open', number })
const refused = (code: string) => ({ ok: false, error: { code } })

test.each<[string, LastCycle | null, number | null, string, MarketStatus, object]>([
  ['the first is 1', null, null, 'a', 'open', opens(1)],
  ['the first by its number', null, 1, 'a', 'open', opens(1)],
  ['2 cannot be first', null, 2, 'a', 'open', refused('cycle_out_of_order')],
  ['there is no 0', null, 0, 'a', 'open', refused('cycle_out_of_order')],
  ['the open one, unnamed', open, null, 'b', 'open', found(3, false)],
  ['the open one, by its number', open, 3, 'b', 'open', found(3, false)],
  ['the open one comes first', open, 4, 'b', 'open', refused('cycle_out_of_order')],
  ['an earlier one is settled', open, 2, 'b', 'open', found(2, true)],
  ['0 was never settled', open, 0, 'b', 'open', refused('cycle_out_of_order')],
  ['the same run again finds its own', settled, null, 'a', 'open', found(3, true)],
  ['another run opens the next', settled, null, 'b', 'open', opens(4)],
  ['a settled one by its number', settled, 3, 'b', 'open', found(3, true)],
  ['none is skipped', settled, 5, 'b', 'open', refused('cycle_out_of_order')],
  ['a paused market may be stepped', settled, 4, 'b', 'paused', opens(4)],
  ['a closing market opens none', settled, 4, 'b', 'closing', refused('market_closed')],
  ['a closing market has its open one', open, null, 'b', 'closing', found(3, false)],
  ['a closed market knows its settled ones', settled, 2, 'b', 'closed', found(2, true)],
])('%s', (_title, last, number, run, status, expected) => {
  expect(chooseCycle({ marketId: 'm', status }, last, number, run)).toMatchObject(expected)
})
