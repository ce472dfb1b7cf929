import { expect, test } from 'vitest'
import { registrationEffects, registrationProblem } from '../../../shared/market/registration.ts'

test('an endowment is minted and told', () => {
  const { balance, events, movements } = registrationEffects({ agent: 'ann', creditsMicro: 2_500_000n }, 7n)
  expect(balance).toBe('2.5')
  expect(movements).toMatchObject([{ from: 'mint', to: { agentId: 7n, balanceAfterMicro: 2_500_000n } }])
  expect(events.map(event => event.type)).toEqual(['agent_registered', 'credits_minted'])
})

test('an agent without credits moves none', () => {
  const { events, movements } = registrationEffects({ agent: 'ann', creditsMicro: 0n }, 7n)
  expect(movements).toEqual([])
  expect(events.map(event => event.type)).toEqual(['agent_registered'])
})

test.each([
  ['Ann', 1n, 'invalid_agent'],
  ['', 1n, 'invalid_agent'],
  ['ann', -1n, 'invalid_amount'],
  ['ann', 9_000_000_000_000_000_001n, 'invalid_amount'],
])('%s with %s is refused', (agent, creditsMicro, code) => {
  expect(registrationProblem({ agent, creditsMicro })).toMatchObject({ ok: false, error: { code } })
})
