import { findAgentId } from '../../db/agents/find-agent-id.ts'
import { readAgent } from '../../db/agents/list-agents.ts'
import { formatHistoryPlace, readHistory, readHistoryPlace } from '../../db/ledger/read-history.ts'
import type { Database } from '../../db/pool.ts'
import { refuse } from '../../economy/refusal.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { economicOperations } from '../../rpc/economic.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import { refuseUnknownCaller } from './unknown-caller.ts'

/** Answers the operations on an agent's own credits. */
export function createEconomicHandlers({
  db,
  ledger,
}: {
  db: Database
  ledger: Ledger
}): HandlersOf<typeof economicOperations> {
  return {
    'economic.get_balance': async caller => {
      const agent = await readAgent(db, caller.marketId, caller.agent)
      if (agent === null) return refuseUnknownCaller(caller)
      const { balance, available, held, status, openBids } = agent
      return { ok: true, balance, available, held, status, openBids }
    },
    'economic.transfer': ({ marketId, agent }, { to, amount, purpose, key }) =>
      ledger.transfer({ marketId, from: agent, to, amountMicro: amount, purpose, key: key ?? null }),
    'economic.history': async (caller, { limit, before, only }) => {
      const place = before === undefined ? undefined : readHistoryPlace(before)
      if (place === null) return refuse('invalid_request', 'before: is not the `next` of a page', 'before')
      const found = await findAgentId(db, caller.marketId, caller.agent)
      if (!found.ok) return found
      const market = { marketId: caller.marketId, agentId: found.agentId }
      const { items, next } = await readHistory(db, market, limit, { before: place, only })
      return { ok: true, items, next: next === null ? null : formatHistoryPlace(next) }
    },
  }
}
