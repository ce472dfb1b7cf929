import { expect, test } from 'vitest'
import { inTellingOrder, isFolded } from '../../../shared/bid/folded-refusal.ts'

test('refusals that spend nothing from the bucket are folded, and no others', () => {
  const spendNothing = [
    'invalid_bid',
    'unknown_agent',
    'agent_not_alive',
    'agent_frozen',
    'market_closed',
    'rate_limited',
  ]
  const spend = ['too_many_open_bids', 'invalid_bundle', 'below_reserve', 'insufficient_balance']
  expect([...spendNothing, ...spend].filter(isFolded)).toEqual(spendNothing)
})

test("are told by agent and reason, the market's own last", () => {
  const refusal = (agent: string | null, reason: 'invalid_bid' | 'rate_limited') => ({
    agent,
    reason,
    count: 1,
  })
  const told = [refusal('ann', 'invalid_bid'), refusal('ann', 'rate_limited'), refusal('bob', 'invalid_bid')]
  const all = [...told, refusal(null, 'invalid_bid')]
  expect(inTellingOrder(all.toReversed())).toEqual(all)
})
