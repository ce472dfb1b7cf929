import { expect, test } from 'vitest'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { noticesOf, noticeText } from '../../../shared/notice/notices-of.ts'

const event = (type: string, data: object, agent?: string) =>
  ({
    event_id: 'e1',
    market_id: 'm',
    seq: 7,
    timestamp: '2030-01-01T00:00:00.000Z',
    type,
    data,
    ...(agent === undefined ? {} : { agent_id: agent }),
  }) as unknown as BourseEvent

const heardOf = (one: BourseEvent) => noticesOf(one).map(({ agent, kind }) => [agent, kind])

test('what a bid came to is told to its payer, its lease to whom it is for', () => {
  expect(heardOf(event('bid_processed', { status: 'winning' }, 'ann'))).toEqual([['ann', 'bid_won']])
  expect(heardOf(event('bid_processed', { status: 'outbid' }, 'ann'))).toEqual([['ann', 'bid_outbid']])
  expect(heardOf(event('resources_allocated', { lease_id: 'l' }, 'bob'))).toEqual([['bob', 'lease_granted']])
})

test('a call is told to its provider, and its end to both and, without who called, to everybody', () => {
  const parties = { call_id: 'c', caller_agent: 'ann', provider_agent: 'bob', service_name: 's', cost: '5' }
  expect(heardOf(event('service_requested', parties, 'ann'))).toEqual([['bob', 'service_requested']])
  const [caller, provider, everybody] = noticesOf(
    event('service_invoked', { ...parties, result: 'success' }, 'ann'),
  )
  expect([caller!.agent, provider!.agent, everybody!.agent]).toEqual(['ann', 'bob', null])
  expect(everybody!.data).toEqual({ providerAgent: 'bob', serviceName: 's', result: 'success' })
})

test('what agents have is told to nobody else', () => {
  const [own, everybody] = noticesOf(
    event('agent_dormant', { final_balance: '3', reason: 'voluntary' }, 'ann'),
  )
  expect(own).toMatchObject({ agent: 'ann', data: { finalBalance: '3' } })
  expect(everybody).toEqual({ agent: null, kind: 'agent_dormant', data: { agent: 'ann' } })
})

test('what concerns nobody is told to nobody', () => {
  expect(noticesOf(event('bid_placed', {}, 'ann'))).toEqual([])
  expect(noticesOf(event('tool_call_completed', {}, 'ann'))).toEqual([])
})

test('a notice carries its event’s id, and fields as replies have them; names of resources stay', () => {
  const cleared = event('cycle_cleared', { cutoff_score: '9', supply: { gpu_hours: 1 } })
  expect(JSON.parse(noticeText(cleared, noticesOf(cleared)[0]!))).toEqual({
    kind: 'cycle_cleared',
    eventId: 'e1',
    marketId: 'm',
    seq: 7,
    timestamp: '2030-01-01T00:00:00.000Z',
    data: { cutoffScore: '9', supply: { gpu_hours: 1 } },
  })
})
