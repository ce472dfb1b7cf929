import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryEconomy } from '../../../shared/economy/memory/memory-economy.ts'
import { createMemoryState, type MemoryMarket } from '../../../shared/economy/memory/memory-state.ts'
import { apply } from '../../../shared/events/apply.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { emptyState } from '../../../shared/events/state.ts'
import { createMemoryLedger } from '../../../shared/ledger/memory-ledger.ts'
import type { EconomyUnderTest } from '../economy/economy-under-test.ts'
import { openMarket } from '../economy/fresh-market.ts'
import { createActor, operation } from '../economy/market-operations.ts'

const TIMEOUT_MS = 60_000

/** What an economy tells; prices and lives that a test sets by itself are told by nobody. */
const told = operation.filter(({ kind }) => kind !== 'prices' && kind !== 'agentStatus')

test(
  'the events of a market tell what its agents have and whether they live',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(told, { minLength: 10, maxLength: 60 }), async operations => {
        let nowMs = Date.UTC(2026, 0, 1)
        const state = createMemoryState(() => nowMs)
        const world = {
          economy: createMemoryEconomy(state),
          ledger: createMemoryLedger(state),
          async passTime(_marketId: string, seconds: number) {
            nowMs += seconds * 1000
          },
        } as EconomyUnderTest
        const marketId = await openMarket(
          world,
          { ann: 100, bob: 20, cy: 1, dan: 0 },
          {
            dormantAfterSeconds: 1300,
          },
        )
        const perform = createActor(world, marketId)
        for (const one of operations) await perform(one)
        const market = state.markets.get(marketId)!
        expect(agentsTold(market)).toEqual(agentsOf(market))
      }),
      { numRuns: 150 },
    )
  },
  TIMEOUT_MS,
)

function agentsOf(market: MemoryMarket) {
  return [...market.agents.values()].map(({ name, status, availableMicro, heldMicro, openBids }) => ({
    name,
    status,
    availableMicro,
    heldMicro,
    openBids,
  }))
}

function agentsTold(market: MemoryMarket) {
  const state = emptyState()
  for (const { agent, correlationId, atMs, ...event } of market.events) {
    apply(state, {
      ...event,
      ...(agent === null ? {} : { agent_id: agent }),
      correlation_id: correlationId,
      timestamp: new Date(atMs).toISOString(),
    } as unknown as BourseEvent)
  }
  return [...state.agents].map(([name, { status, availableMicro, heldMicro, openBids }]) => ({
    name,
    status,
    availableMicro,
    heldMicro,
    openBids,
  }))
}
