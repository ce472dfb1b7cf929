import { expect, test } from 'vitest'
import { createLog } from '../../shared/telemetry/log.ts'
import { doRounds } from '../../workers/do-rounds.ts'

test('rounds go on after one that failed, each in its time, until the signal aborts', async () => {
  const ended = new AbortController()
  const done: number[] = []
  await doRounds(
    {
      async round() {
        done.push(done.length)
        if (done.length === 2) throw new Error('away')
        if (done.length === 4) ended.abort()
        // The last one would be waited for, were it not over.
        return done.length === 4 ? 3_600_000 : 0
      },
      trouble: 'the round failed',
      afterTroubleMs: 0,
      log: createLog('test', { level: 'silent' }),
    },
    ended.signal,
  )
  expect(done).toEqual([0, 1, 2, 3])
})
