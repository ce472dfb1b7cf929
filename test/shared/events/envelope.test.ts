import { describe, expect, test } from 'vitest'
import { parseEvent, subjectOf } from '../../../shared/events/envelope.ts'

const event = {
  event_id: 'a4f1b6d2-3c5e-5f70-8a91-b2c3d4e5f607',
  timestamp: '2026-01-01T00:00:00.000Z',
  source: 'system',
  type: 'credits_burned',
  schema_version: 1,
  market_id: 'demo',
  agent_id: 'ann',
  correlation_id: 'bid',
  epoch: 1,
  seq: 12,
  data: { agent_id: 'ann', amount: '1.5', reason: 'bid_payment' },
}
const parsed = (change: object) => parseEvent(JSON.stringify({ ...event, ...change }))

describe('reading an event', () => {
  test('gives it back as it was written', () => {
    expect(parseEvent(JSON.stringify(event))).toEqual({ ok: true, event })
  })

  test('says what is wrong, and never throws', () => {
    expect(parseEvent('{')).toEqual({ ok: false, problem: 'not JSON' })
    expect(parseEvent('null').ok).toBe(false)
    expect(parsed({ type: 'gossip' })).toEqual({ ok: false, problem: 'type: unknown event type "gossip"' })
    expect(parsed({ type: 'constructor' }).ok).toBe(false)
  })

  test.each([
    ['seq', { seq: 0 }],
    ['event_id', { event_id: 'x' }],
    ['timestamp', { timestamp: 'yesterday' }],
    ['source', { source: 'nobody' }],
    ['source', { source: 'agent' }],
    ['schema_version', { schema_version: 2 }],
    ['data.amount', { data: { ...event.data, amount: 1.5 } }],
    ['data.amount', { data: { ...event.data, amount: '1.0000001' } }],
    ['data.agent_id', { data: { ...event.data, agent_id: 'A' } }],
    ['data', { data: { ...event.data, more: 1 } }],
  ])('names the field that is wrong: %s', (field, change) => {
    expect(parsed(change)).toEqual({ ok: false, problem: expect.stringMatching(`^${field}: `) })
  })

  test('refuses fields the envelope does not have', () => {
    expect(parsed({ secret: 1 }).ok).toBe(false)
  })
})

test('an event has its subject by market, source, type and agent', () => {
  const where = { market_id: 'demo', source: 'system', type: 'bid_placed' } as const
  expect(subjectOf({ ...where, agent_id: 'ann' })).toBe('bourse.demo.events.system.bid_placed.ann')
  expect(subjectOf(where)).toBe('bourse.demo.events.system.bid_placed._')
})
