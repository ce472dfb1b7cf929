import { expect, test } from 'vitest'
import type { RunPruning } from '../../../shared/benchmark/prune-runs.ts'
import { createLog } from '../../../shared/telemetry/log.ts'
import { createPruningRound } from '../../../workers/benchmark/run-pruning.ts'

const stuck = Array.from({ length: 10 }, (_, n) => `a-stuck-${n}`)
const runs = [...stuck, 'b-fails', 'c-closed']

test('runs that cannot be pruned yet, or fail, hold up no others', async () => {
  const gone: string[] = []
  const parts: Pick<RunPruning, 'store' | 'removeMarket' | 'deleteStreams'> = {
    store: {
      listPrunable: async (_days, after, limit) =>
        runs.filter(run => run > after && !gone.includes(run)).slice(0, limit),
      giveUpMarkets: async runId => {
        if (runId === 'b-fails') throw new Error('Postgres is away')
        return { ok: true }
      },
      listMarkets: async marketId => [{ marketId, status: 'closed' }],
      listRuns: async () => [],
    },
    removeMarket: async marketId => {
      if (stuck.includes(marketId)) return false
      gone.push(marketId)
      return true
    },
    deleteStreams: async () => {},
  }
  const log = createLog('test', { level: 'silent' })
  const round = createPruningRound(parts as RunPruning, 30, log, new AbortController().signal)
  await round()
  expect(gone).toEqual([])
  await round()
  expect(gone).toEqual(['c-closed'])
})
