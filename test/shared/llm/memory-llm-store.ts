import type { LlmStore, Reserved, Settlement } from '../../../shared/llm/llm-store.ts'
import { decideReservation, type LeaseBudget, type SpendingMinute } from '../../../shared/llm/reservation.ts'

const AGENTS: Record<string, string> = { lease: 'ann' }

export interface MemoryLlmStore extends LlmStore {
  budgets: Map<string, LeaseBudget>
  calls: Map<string, { leaseId: string; reserved: Reserved; settlement: Settlement | null; charged: number }>
  minutes: SpendingMinute[]
}

/** Reservations in memory, by the same decisions as in Postgres; one lease `lease` of `grantedTokens`, of the agent `ann`. */
export function createMemoryLlmStore(grantedTokens: number, callsPerLease = 128): MemoryLlmStore {
  const store: MemoryLlmStore = {
    budgets: new Map([['lease', { grantedTokens, usedTokens: 0, reservedTokens: 0, openCalls: 0 }]]),
    calls: new Map(),
    minutes: [],
    async reserve({ callId, leaseId, worst }) {
      if (store.calls.has(callId)) throw new Error(`call ${callId} is known`)
      const budget = store.budgets.get(leaseId)!
      const decided = decideReservation(budget, store.minutes, callsPerLease, worst)
      if (!decided.ok) return decided
      budget.reservedTokens += decided.tokens
      budget.openCalls += 1
      const reserved = {
        ...decided,
        marketId: 'market',
        agent: AGENTS[leaseId] ?? leaseId,
        owner: null,
        bidTraceparent: null,
      }
      store.calls.set(callId, { leaseId, reserved, settlement: null, charged: 0 })
      return reserved
    },
    async settle(callId, settlement) {
      const call = store.calls.get(callId)!
      if (call.settlement !== null) return { resolved: false, chargedTokens: call.charged }
      const budget = store.budgets.get(call.leaseId)!
      const { promptTokens, completionTokens } = settlement.usage
      const used = settlement.charge === 'reserved' ? call.reserved.tokens : promptTokens + completionTokens
      const left = budget.grantedTokens - budget.usedTokens - budget.reservedTokens
      call.charged = Math.min(used, call.reserved.tokens + left)
      call.settlement = settlement
      budget.reservedTokens -= call.reserved.tokens
      budget.usedTokens += call.charged
      budget.openCalls -= 1
      return { resolved: true, chargedTokens: call.charged }
    },
  }
  return store
}
