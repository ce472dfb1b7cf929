import { describe, expect, test } from 'vitest'
import type { EconomyUnderTest } from '../economy-under-test.ts'
import { beginMarket, RUN } from './market-under-test.ts'

export function describeOpeningCycles(name: string, make: () => EconomyUnderTest): void {
  describe(`${name}: opening cycles`, () => {
    test('the first is 1; the open one is found by its number and without one', async () => {
      const { economy, marketId } = await beginMarket(make)
      const opened = { ok: true, cycle: 1, settled: false }
      expect(await economy.openCycle(marketId, null, RUN)).toEqual(opened)
      expect(await economy.openCycle(marketId, 1, 'run-2')).toEqual(opened)
      expect(await economy.openCycle(marketId, null, 'run-2')).toEqual(opened)
    })

    test('none is skipped, and an open one comes first', async () => {
      const { economy, marketId } = await beginMarket(make)
      const outOfOrder = { ok: false, error: { code: 'cycle_out_of_order', field: 'cycle' } }
      expect(await economy.openCycle(marketId, 2, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, 0, RUN)).toMatchObject(outOfOrder)
      await economy.openCycle(marketId, 1, RUN)
      expect(await economy.openCycle(marketId, 2, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, 0, RUN)).toMatchObject(outOfOrder)
      await economy.settleCycle(marketId, 1)
      expect(await economy.openCycle(marketId, 3, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, -1, RUN)).toMatchObject(outOfOrder)
      expect(await economy.openCycle(marketId, 2, RUN)).toEqual({ ok: true, cycle: 2, settled: false })
    })

    test('a settled number answers as settled; the run that opened the last finds its own', async () => {
      const { economy, marketId } = await beginMarket(make)
      for (const number of [1, 2]) {
        await economy.openCycle(marketId, number, `run-${number}`)
        await economy.settleCycle(marketId, number)
      }
      expect(await economy.openCycle(marketId, 1, 'run-9')).toEqual({ ok: true, cycle: 1, settled: true })
      expect(await economy.openCycle(marketId, 2, 'run-9')).toEqual({ ok: true, cycle: 2, settled: true })
      expect(await economy.openCycle(marketId, null, 'run-2')).toEqual({ ok: true, cycle: 2, settled: true })
      expect(await economy.openCycle(marketId, null, 'run-9')).toEqual({ ok: true, cycle: 3, settled: false })
    })

    test('clears up to its cut-off: a bid placed after it opened waits for the next', async () => {
      const { economy, marketId, placed, statusOf } = await beginMarket(make, { ann: 100 })
      const inTime = await placed('ann', '10')
      await economy.openCycle(marketId, 1, RUN)
      const late = await placed('ann', '20')
      expect(await economy.settleCycle(marketId, 1)).toMatchObject({ winners: 1, revenue: '10' })
      expect([await statusOf(inTime), await statusOf(late)]).toEqual(['winning', 'pending'])
    })

    test('settling what was never opened throws', async () => {
      const { economy, marketId } = await beginMarket(make)
      await expect(economy.settleCycle(marketId, 1)).rejects.toThrow(/no cycle 1/)
    })
  })
}
