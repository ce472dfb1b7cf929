import { describe, expect, test } from 'vitest'
import { openHistory } from '../../faults/history.ts'

const wanted = {
  load: 'a load',
  kind: 'bid' as const,
  market: 'm-1',
  agent: 'ada',
  mark: '1.000001',
  key: 'k',
}
const fails = async () => {
  throw new Error('connection lost')
}

describe('a history', () => {
  test('knows what was acknowledged, refused, and what became of nobody knows what', async () => {
    const { attempt } = openHistory()
    const answered = await attempt(wanted, async () => ({ acknowledged: 'b1' }))
    expect(answered).toMatchObject({ outcome: 'acknowledged', answers: ['b1'], tries: 1, unknownTries: 0 })
    const refused = await attempt(wanted, async () => ({ refused: 'insufficient_balance' }))
    expect(refused).toMatchObject({ outcome: 'refused', detail: 'insufficient_balance', answers: [] })
    const unknown = await attempt(wanted, fails)
    expect(unknown).toMatchObject({ outcome: 'unknown', detail: 'connection lost', unknownTries: 1 })
  })

  test('an unknown outcome becomes known when it is asked for again, and stays known after that', async () => {
    const { attempt, again, operations } = openHistory()
    const operation = await attempt(wanted, fails)
    await again(operation, fails)
    expect(operation).toMatchObject({ outcome: 'unknown', tries: 2, unknownTries: 2 })
    await again(operation, async () => ({ acknowledged: 'b1' }))
    await again(operation, fails)
    await again(operation, async () => ({ acknowledged: 'b2' }))
    expect(operation).toMatchObject({ outcome: 'acknowledged', answers: ['b1', 'b2'], tries: 5 })
    expect(operations).toHaveLength(1)
  })
})
