import { expect, test } from 'vitest'
import { draftEvent, type EventDraft } from '../../../shared/events/draft.ts'
import { createEventBatches } from '../../../shared/gateway/event-batches.ts'

const event = (name: string) => draftEvent(name, 'market_paused', { actor: name }, { correlationId: name })
const namesIn = (events: readonly EventDraft[]) => events.map(one => one.operation)

test('what comes while a batch is written is the next batch, in order, and each waits for its own', async () => {
  const batches: string[][] = []
  const write = async (_marketId: string, events: readonly EventDraft[]) => {
    await new Promise(resolve => setImmediate(resolve))
    batches.push(namesIn(events))
  }
  const tell = createEventBatches(write)
  await Promise.all(['a', 'b', 'c'].map(name => tell('m', [event(name)])))
  expect(batches).toEqual([['a'], ['b', 'c']])
  await tell('m', [event('d')])
  expect(batches.at(-1)).toEqual(['d'])
})

test('a batch that fails is told to those in it, and to nobody after them', async () => {
  let isBroken = true
  const tell = createEventBatches(async () => {
    if (isBroken) throw new Error('away')
  })
  await expect(tell('m', [event('a')])).rejects.toThrow('away')
  isBroken = false
  await tell('m', [event('b')])
})
