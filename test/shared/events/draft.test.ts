import { expect, test } from 'vitest'
import { draftEvent, type EventDraft } from '../../../shared/events/draft.ts'

const context = { correlationId: 'c' }

test('a draft holds what its transaction does not give it', () => {
  const cause = '00000000-0000-4000-8000-000000000001'
  const about = { agent: 'ann', correlationId: 'c', causationId: cause, traceparent: null }
  expect(draftEvent('op', 'balance_queried', { balance: '1' }, about)).toEqual({
    operation: 'op',
    type: 'balance_queried',
    data: { balance: '1' },
    ...about,
  })
})

test('a wrong payload does not compile', () => {
  // Each line fails the check of types when its error is gone; nothing is judged at run time.
  const wrong = [
    // @ts-expect-error a field is missing
    draftEvent('op', 'credits_burned', { agent_id: 'ann', amount: '1' }, context),
    // @ts-expect-error a field too many
    draftEvent('op', 'market_paused', { actor: 'test', mood: 'bad' }, context),
    // @ts-expect-error credits are strings
    draftEvent('op', 'balance_queried', { balance: 1 }, context),
    // @ts-expect-error there is no such event
    draftEvent('op', 'gossip_heard', { actor: 'test' }, context),
    // @ts-expect-error no such reason
    draftEvent('op', 'agent_died', { final_balance: '0', reason: 'boredom' }, context),
  ]
  const { data } = draftEvent('op', 'price_fallback', { age_seconds: 1 }, context)
  // @ts-expect-error the data of another type, by hand
  const mixed: EventDraft = { ...draftEvent('op', 'market_paused', { actor: 'test' }, context), data }
  expect([...wrong, mixed]).toHaveLength(6)
})
