import { expect, test } from 'vitest'
import { inTellingOrder, isFolded } from '../../../shared/bid/folded-refusal.ts'

test('only refusals that cost nothing to make are folded', () => {
  const codes = ['rate_limited', 'unknown_agent', 'invalid_bid', 'insufficient_balance', 'market_closed']
  expect(codes.filter(isFolded)).toEqual(['rate_limited', 'unknown_agent', 'invalid_bid'])
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
