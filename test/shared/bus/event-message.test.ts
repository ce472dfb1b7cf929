import { expect, test } from 'vitest'
import { claimOf, readEventMessage, unreadableSeqOf } from '../../../shared/bus/event-message.ts'
import { subjectOf } from '../../../shared/events/envelope.ts'

const event = {
  event_id: '3f0e9f8a-8a52-5c7b-9d61-0d8a7f6f2b11',
  timestamp: '2026-01-02T03:04:05.678Z',
  source: 'system' as const,
  type: 'market_paused' as const,
  schema_version: 1,
  market_id: 'm1',
  correlation_id: 'm1',
  epoch: 1,
  seq: 7,
  data: { actor: 'operator' },
}
const message = {
  streamSequence: 9,
  subject: subjectOf(event),
  storedAt: '2026-01-01T00:00:00.000Z',
  messageId: event.event_id,
  proof: '',
  text: JSON.stringify(event),
}

test('reads an event under its own id on its own subject', () => {
  expect(readEventMessage(message, 'm1')).toEqual({ ok: true, event })
})

test('names what is wrong with anything else', () => {
  expect(readEventMessage({ ...message, text: '{' }, 'm1')).toEqual({ ok: false, problem: 'not JSON' })
  expect(readEventMessage(message, 'm2')).toMatchObject({ problem: expect.stringContaining('market_id') })
  expect(readEventMessage({ ...message, messageId: '' }, 'm1')).toMatchObject({
    problem: expect.stringContaining('message id'),
  })
  expect(readEventMessage({ ...message, subject: 'bourse.m1.events.system.other._' }, 'm1')).toMatchObject({
    problem: expect.stringContaining('subject'),
  })
})

test('a claim is an id with a seq, whatever else the text holds', () => {
  expect(claimOf('{"event_id":"x","seq":3,"epoch":2}')).toEqual({ eventId: 'x', seq: 3, epoch: 2 })
  for (const text of [
    '',
    'null',
    '[]',
    '3',
    '{"event_id":"x"}',
    '{"event_id":1,"seq":3}',
    '{"event_id":"x","seq":"3","epoch":1}',
    '{"event_id":"x","seq":0,"epoch":1}',
    '{"event_id":"x","seq":3}',
  ])
    expect(claimOf(text)).toBeNull()
})

test('an event we cannot read still has its place; what is not ours has none', () => {
  const later = { ...message, text: JSON.stringify({ ...event, schema_version: 9 }) }
  expect(unreadableSeqOf(later, 'm1')).toBe(7)
  expect(unreadableSeqOf(later, 'm2')).toBeNull()
  expect(unreadableSeqOf({ ...later, messageId: 'another' }, 'm1')).toBeNull()
  expect(unreadableSeqOf({ ...later, text: 'null' }, 'm1')).toBeNull()
})
