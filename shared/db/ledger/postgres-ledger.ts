import { validate as isUuid, v7 as uuidV7 } from 'uuid'
import { answerAgain } from '../../economy/first-outcome.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import {
  decideAdjust,
  decideGrant,
  decidePlaceHold,
  decideReleaseHold,
  decideSettleHold,
  decideTransfer,
  type LedgerAgent,
  type LedgerDecision,
  type LedgerHold,
} from '../../ledger/decisions.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { refuseMintExhausted } from '../../ledger/mint-limit.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { lockAgents, NAMED } from '../agents/lock-agents.ts'
import { type BatchStart, closeBatch, MarketMoved, startBatch, writeEvents } from '../events/event-batch.ts'
import { findOutcomes, isKeyTaken, storeOutcomes } from '../operations.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { isMintExhausted } from './mint-limit.ts'
import { postMovements } from './postings.ts'

/** What one ledger operation locks and decides. */
interface LedgerOperation<T> {
  request: { marketId: string; holdId?: string }
  /** Agents to lock, by name. */
  agents: string[]
  /** Whose key it is: an agent's name, or null for an operator's. Absent: not keyed. */
  keyed?: { agent: string | null; key: string; content: Record<string, unknown> }
  decide: (
    agents: ReadonlyMap<string, LedgerAgent>,
    hold: LedgerHold | null,
    operationId: string,
  ) => LedgerDecision<T>
}

/** Another process may store a first outcome between this one's look and its own: the second look finds it. */
const MAX_ATTEMPTS = 3

/** The ledger on Postgres. `hint` is called after a commit that woke a sleeping market. */
export function createPostgresLedger(db: Database, hint: (marketId: string) => Promise<void>): Ledger {
  async function run<T>(operation: LedgerOperation<T>): Promise<Outcome<T>> {
    const { marketId } = operation.request
    const problem = textProblem(operation.request)
    if (problem !== null) return problem
    for (let attempt = 1; ; attempt++) {
      try {
        const { outcome, woken } = await inTransaction(db, client => runOperation(client, operation))
        if (woken) await hint(marketId)
        return outcome
      } catch (error) {
        if (isMintExhausted(error)) return refuseMintExhausted(marketId)
        const isRace = error instanceof MarketMoved || isKeyTaken(error)
        if (!isRace || attempt >= MAX_ATTEMPTS) throw error
      }
    }
  }

  return {
    transfer: request => {
      const { from, to, amountMicro, purpose, key } = request
      return run({
        request,
        agents: [from, to],
        ...keyedBy(from, key, { operation: 'transfer', to, amountMicro, purpose }),
        decide: (agents, _hold, operationId) => decideTransfer(agents, request, operationId),
      })
    },
    grant: request => {
      const { agent, amountMicro, reason, key } = request
      return run({
        request,
        agents: [agent],
        ...keyedBy(null, key, { operation: 'grant', agent, amountMicro, reason }),
        decide: (agents, _hold, operationId) => decideGrant(agents, request, operationId),
      })
    },
    adjust: request => {
      const { agent, amountMicro, reason, key } = request
      return run({
        request,
        agents: [agent],
        ...keyedBy(null, key, { operation: 'adjust', agent, amountMicro, reason }),
        decide: (agents, _hold, operationId) => decideAdjust(agents, request, operationId),
      })
    },
    placeHold: request => {
      const { agent, amountMicro, ref, key } = request
      return run({
        request,
        agents: [agent],
        ...keyedBy(agent, key, { operation: 'hold', amountMicro, ref }),
        decide: (agents, _hold, operationId) => decidePlaceHold(agents, request, operationId),
      })
    },
    settleHold: request =>
      run({
        request,
        agents: [request.to],
        decide: (agents, hold, operationId) => decideSettleHold(agents, hold, request, operationId),
      }),
    releaseHold: request =>
      run({
        request,
        agents: [],
        decide: (agents, hold, operationId) => decideReleaseHold(agents, hold, request, operationId),
      }),
  }
}

/** Locks agents (sorted), the hold, the operation's key, system accounts, and last the sequence row. */
async function runOperation<T>(
  client: DatabaseClient,
  operation: LedgerOperation<T>,
): Promise<{ outcome: Outcome<T>; woken: boolean }> {
  const { request: asked, keyed } = operation
  const { marketId } = asked
  const market = await client.query('select from markets where market_id = $1', [marketId])
  if (market.rowCount === 0) return { outcome: refuseUnknownMarket(marketId), woken: false }

  const holder = await findHolder(client, marketId, asked.holdId)
  const agents = await lockLedgerAgents(
    client,
    marketId,
    holder === null ? operation.agents : [...operation.agents, holder],
  )
  const hold = holder === null ? null : await lockHold(client, asked.holdId!)
  const batch = await startBatch(client, marketId)
  const keyedAgentId = keyed?.agent == null ? null : (agents.get(keyed.agent)?.agentId ?? null)
  const isKeyed = keyed !== undefined && (keyed.agent === null || keyedAgentId !== null)
  const request = isKeyed ? { agentId: keyedAgentId, key: keyed.key, content: keyed.content } : null
  if (request !== null) {
    const [first] = await findOutcomes(client, marketId, [request])
    if (first !== undefined) return { outcome: answerAgain<Outcome<T>>(first, request.key), woken: false }
  }

  const operationId = uuidV7()
  const decision = operation.decide(agents, hold, operationId)
  const { outcome, events } = decision
  await writeLedgerAgents(client, decision.agents)
  if (decision.hold !== null) await writeHold(client, batch, agents, decision.hold)
  if (request !== null)
    await storeOutcomes(client, marketId, batch.nowMs, [{ ...request, operationId, outcome }])
  await postMovements(client, batch, decision.movements)
  if (events.length === 0) return { outcome, woken: false }
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return { outcome, woken }
}

async function findHolder(
  client: DatabaseClient,
  marketId: string,
  holdId: string | undefined,
): Promise<string | null> {
  if (holdId === undefined || !isUuid(holdId)) return null
  const { rows } = await client.query(
    `select a.name from holds h join agents a using (agent_id) where h.hold_id = $1 and h.market_id = $2`,
    [holdId, marketId],
  )
  return rows[0]?.name ?? null
}

/** Locks agents for the ledger, in the order of their ids; those that are not there are left out. */
export async function lockLedgerAgents(
  client: DatabaseClient,
  marketId: string,
  names: readonly string[],
): Promise<Map<string, LedgerAgent>> {
  const agents = await lockAgents(client, NAMED, [marketId, names])
  return new Map(
    agents.map(({ agentId, name, status, frozen, availableMicro, heldMicro }) => [
      name,
      { agentId, name, isDead: status === 'dead', isFrozen: frozen, availableMicro, heldMicro },
    ]),
  )
}

/** Writes what agents have available and held. One that is dormant for want of credits and has none left is judged anew. */
export async function writeLedgerAgents(
  client: DatabaseClient,
  agents: readonly LedgerAgent[],
): Promise<void> {
  if (agents.length === 0) return
  await client.query(
    `update agents set available_micro = u.available_micro, held_micro = u.held_micro,
            judge_at = case
              when dormant_reason = 'insufficient_credits' and u.available_micro + u.held_micro = 0
              then coalesce(judge_at, date_trunc('milliseconds', clock_timestamp())) else judge_at end
       from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as u(agent_id, available_micro, held_micro)
      where agents.agent_id = u.agent_id`,
    [
      agents.map(agent => agent.agentId),
      agents.map(agent => agent.availableMicro),
      agents.map(agent => agent.heldMicro),
    ],
  )
}

/** Locks a hold that is known to be there; its agent must be locked. */
export async function lockHold(client: DatabaseClient, holdId: string): Promise<LedgerHold> {
  const { rows } = await client.query(
    `select h.hold_id, h.amount_micro, h.ref, h.status, a.name as agent, s.name as settled_to
       from holds h join agents a on a.agent_id = h.agent_id left join agents s on s.agent_id = h.settled_to
      where h.hold_id = $1 for no key update of h`,
    [holdId],
  )
  const row = rows[0]
  return {
    holdId: row.hold_id,
    agent: row.agent,
    amountMicro: row.amount_micro,
    ref: row.ref,
    status: row.status,
    settledTo: row.settled_to,
  }
}

/** Writes a hold that is new, or how it was resolved. */
export async function writeHold(
  client: DatabaseClient,
  batch: BatchStart,
  agents: ReadonlyMap<string, LedgerAgent>,
  hold: LedgerHold,
): Promise<void> {
  const now = new Date(batch.nowMs)
  if (hold.status === 'held') {
    await client.query(
      `insert into holds (hold_id, market_id, agent_id, amount_micro, ref, placed_at)
       values ($1, $2, $3, $4, $5, $6)`,
      [hold.holdId, batch.marketId, agents.get(hold.agent)!.agentId, hold.amountMicro, hold.ref, now],
    )
    return
  }
  const settledTo = hold.settledTo === null ? null : agents.get(hold.settledTo)!.agentId
  await client.query('update holds set status = $2, settled_to = $3, resolved_at = $4 where hold_id = $1', [
    hold.holdId,
    hold.status,
    settledTo,
    now,
  ])
}

function keyedBy(agent: string | null, key: string | null, content: Record<string, unknown>) {
  return key === null ? {} : { keyed: { agent, key, content } }
}
