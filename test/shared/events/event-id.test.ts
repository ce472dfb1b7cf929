import { expect, test } from 'vitest'
import { eventIdOf } from '../../../shared/events/event-id.ts'

test('an event has the same id for ever', () => {
  // Consumers recognise events by these: they may never change.
  expect(eventIdOf('demo', 1, 'cycle/1', 0)).toBe('dff31896-abaa-5020-9286-07de8a237d5e')
  expect(eventIdOf('demo', 2, 'register/ann', 1)).toBe('45594e6d-fab1-51f8-95f5-ad178f6a9407')
})

test('differs by market, epoch, operation and place', () => {
  const ids = [
    eventIdOf('demo', 1, 'cycle/1', 0),
    eventIdOf('demo-2', 1, 'cycle/1', 0),
    eventIdOf('demo', 2, 'cycle/1', 0),
    eventIdOf('demo', 1, 'cycle/2', 0),
    eventIdOf('demo', 1, 'cycle/1', 1),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})
