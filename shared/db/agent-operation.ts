import { v7 as uuidV7 } from 'uuid'
import { answerAgain } from '../economy/first-outcome.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../economy/refusal.ts'
import type { EventDraft } from '../events/draft.ts'
import { refuseDead, refuseFrozen } from '../identity/refuse-token.ts'
import type { LedgerAgent } from '../ledger/decisions.ts'
import type { Movement } from '../ledger/movement.ts'
import { type BatchStart, closeBatch, MarketMoved, startBatch, writeEvents } from './events/event-batch.ts'
import { lockLedgerAgents, writeLedgerAgents } from './ledger/postgres-ledger.ts'
import { postMovements } from './ledger/postings.ts'
import { findOutcomes, isKeyTaken, storeOutcomes } from './operations.ts'
import type { Database, DatabaseClient } from './pool.ts'
import { inTransaction } from './transaction.ts'

/** What an agent does itself, under a key of its own. */
export interface AgentOperation<T> {
  marketId: string
  agent: string
  /** Null: a replay is not recognised. */
  key: string | null
  /** What two requests under one key must have in common. */
  content: Record<string, unknown>
  /** Other agents that it touches, by name; locked with the agent's own row. */
  others?: readonly string[]
  /** Reads under the locks, decides, and writes what is not agents, movements and events. */
  act: (doing: AgentDoing) => Promise<AgentDeed<T>>
}

/** What an operation has in its hands while it decides. */
export interface AgentDoing {
  client: DatabaseClient
  batch: BatchStart
  agents: ReadonlyMap<string, LedgerAgent>
  caller: LedgerAgent
  operationId: string
}

/** What an operation answers and changes. */
export interface AgentDeed<T> {
  outcome: Outcome<T>
  events?: readonly EventDraft[]
  agents?: readonly LedgerAgent[]
  movements?: readonly Movement[]
}

/** Another process may store a first outcome between this one's look and its own: the second look finds it. */
const MAX_ATTEMPTS = 3

/**
 * Runs one operation of an agent in one transaction: its change, its events and its first outcome. The market must exist
 * and the agent be alive or dormant, and not frozen. Locks agents (sorted), then what `act` locks, then the sequence row. `hint` is called
 * after a commit that woke a sleeping market.
 */
export async function runAgentOperation<T>(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  operation: AgentOperation<T>,
): Promise<Outcome<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { outcome, woken } = await inTransaction(db, client => perform(client, operation))
      if (woken) await hint(operation.marketId)
      return outcome
    } catch (error) {
      const isRace = error instanceof MarketMoved || isKeyTaken(error)
      if (!isRace || attempt >= MAX_ATTEMPTS) throw error
    }
  }
}

async function perform<T>(
  client: DatabaseClient,
  operation: AgentOperation<T>,
): Promise<{ outcome: Outcome<T>; woken: boolean }> {
  const { marketId, agent, key, content, others = [] } = operation
  const refused = (outcome: Outcome<T>) => ({ outcome, woken: false })
  const market = await client.query('select from markets where market_id = $1', [marketId])
  if (market.rowCount === 0) return refused(refuseUnknownMarket(marketId))
  const agents = await lockLedgerAgents(client, marketId, [agent, ...others])
  const caller = agents.get(agent)
  if (caller === undefined) {
    return refused(refuse('unknown_agent', `there is no agent ${JSON.stringify(agent)} in this market`))
  }
  if (caller.isDead) return refused(refuseDead(agent))
  if (caller.isFrozen) return refused(refuseFrozen(agent))

  const batch = await startBatch(client, marketId)
  const keyed = key === null ? null : { agentId: caller.agentId, key, content }
  const [first] = keyed === null ? [] : await findOutcomes(client, marketId, [keyed])
  if (first !== undefined) return refused(answerAgain<Outcome<T>>(first, key!) as Outcome<T>)

  const operationId = uuidV7()
  const deed = await operation.act({ client, batch, agents, caller, operationId })
  const { outcome, events = [] } = deed
  await writeLedgerAgents(client, deed.agents ?? [])
  if (keyed !== null) await storeOutcomes(client, marketId, batch.nowMs, [{ ...keyed, operationId, outcome }])
  await postMovements(client, batch, deed.movements ?? [])
  if (events.length === 0) return { outcome, woken: false }
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return { outcome, woken }
}
