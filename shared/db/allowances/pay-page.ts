import { payAllowance } from '../../allowance/decisions.ts'
import type { EventDraft } from '../../events/draft.ts'
import type { LedgerAgent } from '../../ledger/decisions.ts'
import type { Movement } from '../../ledger/movement.ts'
import { lockAgents } from '../agents/lock-agents.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { writeLedgerAgents } from '../ledger/postgres-ledger.ts'
import { postMovements } from '../ledger/postings.ts'
import type { DatabaseClient } from '../pool.ts'
import { ALLOWANCE_COLUMNS, allowanceOf } from './rows.ts'

/** Paid in one transaction at most. */
const ALLOWANCES_PER_PAGE = 200

export interface PaidPage {
  agents: number
  amountMicro: bigint
  /** Where the next page begins; null: there is none. */
  last: bigint | null
  woken: boolean
}

/**
 * Pays the allowances after `after` that were not paid up to `period`. Locks their agents (sorted) and those of their owners,
 * the allowances (sorted), system accounts, and last the sequence row.
 */
export async function payPage(
  client: DatabaseClient,
  { marketId, periodSeconds, period }: { marketId: string; periodSeconds: number; period: number },
  after: bigint,
): Promise<PaidPage> {
  const due = await client.query(
    `select allowance_id, agent_id, owner from allowances
      where market_id = $1 and period_seconds = $2 and paid_period < $3 and allowance_id > $4
      order by allowance_id limit $5`,
    [marketId, periodSeconds, period, after, ALLOWANCES_PER_PAGE],
  )
  const ids: bigint[] = due.rows.map(row => row.allowance_id)
  const last = ids.length < ALLOWANCES_PER_PAGE ? null : ids.at(-1)!
  const nothing: PaidPage = { agents: 0, amountMicro: 0n, last, woken: false }
  if (ids.length === 0) return nothing

  const members = await lockAgents(client, 'market_id = $1 and (agent_id = any($2) or owner = any($3))', [
    marketId,
    due.rows.flatMap(row => row.agent_id ?? []),
    due.rows.flatMap(row => row.owner ?? []),
  ])
  const { rows } = await client.query(
    `select l.allowance_id, l.agent_id, ${ALLOWANCE_COLUMNS} from allowances l left join agents a using (agent_id)
      where l.allowance_id = any($1) and l.period_seconds = $2 and l.paid_period < $3
      order by l.allowance_id for no key update of l`,
    [ids, periodSeconds, period],
  )
  const agents = new Map<bigint, LedgerAgent>()
  const ofOwner = Map.groupBy(members, member => member.ownerName)
  for (const { agentId, name, status, frozen, availableMicro, heldMicro } of members) {
    agents.set(agentId, {
      agentId,
      name,
      isDead: status === 'dead',
      isFrozen: frozen,
      availableMicro,
      heldMicro,
    })
  }
  const movements: Movement[] = []
  const events: EventDraft[] = []
  const changed = new Set<bigint>()
  const paid = rows.flatMap(row => {
    const ids =
      row.agent_id === null ? (ofOwner.get(row.owner) ?? []).map(one => one.agentId) : [row.agent_id]
    const operation = `allowance/${row.allowance_id}/${periodSeconds}/${period}`
    const holders = ids.map((id: bigint) => agents.get(id)!)
    const payment = payAllowance(allowanceOf(row), holders, period, operation)
    if (payment === null) return []
    for (const agent of payment.agents) {
      agents.set(agent.agentId, agent)
      changed.add(agent.agentId)
    }
    movements.push(...payment.movements)
    events.push(...payment.events)
    return [{ allowanceId: row.allowance_id as bigint, unspentMicro: payment.allowance.unspentMicro }]
  })
  const batch = await startBatch(client, marketId)
  await client.query(
    `update allowances set paid_period = $3, unspent_micro = u.unspent_micro
       from unnest($1::bigint[], $2::bigint[]) as u(allowance_id, unspent_micro)
      where allowances.allowance_id = u.allowance_id`,
    [paid.map(one => one.allowanceId), paid.map(one => one.unspentMicro), period],
  )
  if (events.length === 0) return nothing
  await writeLedgerAgents(
    client,
    [...changed].map(id => agents.get(id)!),
  )
  await postMovements(client, batch, movements)
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  const amountMicro = movements.reduce((sum, movement) => sum + movement.amountMicro, 0n)
  return { agents: changed.size, amountMicro, last, woken }
}
