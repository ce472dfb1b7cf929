import { expect, test } from 'vitest'
import {
  CONNECTIONS_OF_AGENTS_MAX,
  CONNECTIONS_PER_AGENT_MAX,
  connectionProblem,
} from '../../../shared/identity/connection-limits.ts'
import { createLiveConnections } from '../../../shared/identity/live-connections.ts'

const none = { own: 0, all: 0 }

test('an agent has so many connections, and all agents together leave some to the platform', () => {
  expect(connectionProblem('ann', none)).toBeNull()
  expect(connectionProblem('ann', { ...none, own: CONNECTIONS_PER_AGENT_MAX - 1 })).toBeNull()
  expect(connectionProblem('ann', { ...none, own: CONNECTIONS_PER_AGENT_MAX })).toMatchObject({
    error: { code: 'too_many_connections', message: expect.stringContaining('ann') },
  })
  expect(connectionProblem('ann', { ...none, all: CONNECTIONS_OF_AGENTS_MAX })).toMatchObject({
    error: { code: 'too_many_connections' },
  })
})

test('live connections are counted by agent and together, each once', () => {
  const live = createLiveConnections(() => 0)
  const ann = { serverId: 's', marketId: 'm', agent: 'ann', tokenId: 1n }
  for (const clientId of [1, 2, 2]) live.add({ ...ann, clientId })
  live.add({ ...ann, agent: 'bob', clientId: 3 })
  expect([live.count(ann), live.total()]).toEqual([2, 3])
  live.remove({ serverId: 's', clientId: 1 })
  live.remove({ serverId: 's', clientId: 1 })
  expect([live.count(ann), live.total()]).toEqual([1, 2])
})
