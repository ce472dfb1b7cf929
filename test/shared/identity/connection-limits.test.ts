import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CONNECTIONS_OF_AGENTS_MAX,
  CONNECTIONS_PER_AGENT_MAX,
  CONNECTIONS_PER_OWNER_MAX,
  connectionProblem,
} from '../../../shared/identity/connection-limits.ts'
import { connectionName, ownerTagOf, readConnectionName } from '../../../shared/identity/connection-name.ts'
import { createLiveConnections } from '../../../shared/identity/live-connections.ts'

const none = { ofAgent: 0, ofOwner: 0, all: 0 }
const ann = { serverId: 's', marketId: 'm', agent: 'ann', ownerTag: null, tokenId: 1n }
const ofOlga = { ...ann, ownerTag: ownerTagOf('olga') }

test('an agent and an owner have so many connections, and all agents together leave some to the platform', () => {
  expect(connectionProblem('ann', none)).toBeNull()
  expect(connectionProblem('ann', { ...none, ofAgent: CONNECTIONS_PER_AGENT_MAX - 1 })).toBeNull()
  expect(connectionProblem('ann', { ...none, ofOwner: CONNECTIONS_PER_OWNER_MAX - 1 })).toBeNull()
  for (const open of [
    { ofAgent: CONNECTIONS_PER_AGENT_MAX },
    { ofOwner: CONNECTIONS_PER_OWNER_MAX },
    { all: CONNECTIONS_OF_AGENTS_MAX },
  ]) {
    expect(connectionProblem('ann', { ...none, ...open })).toMatchObject({
      error: { code: 'too_many_connections' },
    })
  }
  expect(connectionProblem('ann', { ...none, ofOwner: CONNECTIONS_PER_OWNER_MAX }, 100)).toBeNull()
})

test('a connection tells by its name whose it is, whatever its owner is called', () => {
  for (const owner of [null, 'olga', '', 'a/b', '\u001b[31m\n', 'x'.repeat(5_000)]) {
    const holder = { marketId: 'm', agent: 'ann', ownerTag: ownerTagOf(owner), tokenId: -7n }
    expect(readConnectionName(connectionName(holder))).toEqual(holder)
    expect(connectionName(holder).length).toBeLessThan(100)
  }
  for (const name of ['', 'bourse', 'agent/m/ann', 'agent/m/ann/x', 'agent/m/ann/1/OLGA', 'agent/m/a/1/ab/c'])
    expect(readConnectionName(name), name).toBeNull()
})

describe('live connections', () => {
  test('are counted by agent, by owner and together, each once', () => {
    const live = createLiveConnections(() => 0)
    for (const clientId of [1, 2, 2]) live.add({ ...ofOlga, clientId })
    live.add({ ...ofOlga, agent: 'bob', clientId: 3 })
    live.add({ ...ann, agent: 'cho', clientId: 4 })
    expect(live.open(ofOlga)).toEqual({ ofAgent: 2, ofOwner: 3, all: 4 })
    expect(live.open({ ...ann, agent: 'cho' })).toEqual({ ofAgent: 1, ofOwner: 0, all: 4 })
    expect(live.open({ ...ofOlga, marketId: 'other' })).toEqual({ ofAgent: 0, ofOwner: 0, all: 4 })
    live.remove({ serverId: 's', clientId: 1 })
    live.remove({ serverId: 's', clientId: 1 })
    expect(live.open(ofOlga)).toEqual({ ofAgent: 1, ofOwner: 2, all: 3 })
    live.clear()
    expect(live.open(ofOlga)).toEqual(none)
  })

  test('that came in through several at once are too many: the newest are surplus, the same for each who looks', () => {
    const places = fc.shuffledSubarray(
      Array.from({ length: 50 }, (_, clientId) => ({ clientId, agent: `a${clientId % 5}` })),
    )
    fc.assert(
      fc.property(places, places, fc.integer({ min: 1, max: 40 }), (up, heard, most) => {
        const live = createLiveConnections(() => 0)
        for (const one of heard) live.letIn({ ...ofOlga, ...one })
        for (const one of up) live.add({ ...ofOlga, ...one })
        const newest = up.map(one => one.clientId).toSorted((a, b) => a - b)
        expect(live.surplus(most).map(one => one.clientId)).toEqual(newest.slice(most))
      }),
    )
  })

  test('of one agent beyond what it may have are surplus, with an owner or without', () => {
    const live = createLiveConnections(() => 0)
    for (let clientId = 0; clientId < CONNECTIONS_PER_AGENT_MAX + 2; clientId++)
      live.add({ ...ann, clientId })
    expect(live.surplus(1_000)).toHaveLength(2)
  })

  test('are set right by what the servers list, but for what was let in only now', () => {
    let nowMs = 0
    const live = createLiveConnections(() => nowMs)
    live.letIn({ ...ofOlga, clientId: 1 })
    live.add({ ...ofOlga, clientId: 2 })
    live.replace([{ ...ofOlga, clientId: 3 }])
    expect(live.open(ofOlga).ofOwner).toBe(3)
    nowMs = 60_000
    live.replace([{ ...ofOlga, clientId: 3 }])
    expect(live.open(ofOlga).ofOwner).toBe(1)
  })
})
