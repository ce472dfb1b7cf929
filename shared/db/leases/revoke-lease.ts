import { validate as isUuid } from 'uuid'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../../events/draft.ts'
import { refundEvent } from '../../execution/execution-end.ts'
import type { ExecutionStatus } from '../../execution/executions.ts'
import type { RevokedLease, RevokeLease } from '../../identity/identity.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { lifeRulesOf, restEarlier } from '../../life/life.ts'
import { formatCredits } from '../../money/credits.ts'
import { type LockedAgent, lockAgents } from '../agents/lock-agents.ts'
import { writeAgents } from '../bids/book.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { readRules } from '../market/read-rules.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { changeLeased, leasedChange } from './lease-ends.ts'
import { refundLeases } from './refund-leases.ts'

/**
 * Ends an active lease now, whatever runs in it: its supply is free at once, its bid is completed, a program that did
 * not begin never will, and one that runs is asked to end. With `refund` its payer has the credits back, unless it had
 * them already. A lease that was revoked before answers what was done then; one whose time is over is refused, also while
 * its market has not looked since. Locks payer and beneficiary (sorted), the
 * bid, the lease, its execution, system accounts, resources, and last the sequence row.
 */
export async function revokeLease(
  db: Database,
  request: RevokeLease,
): Promise<Outcome<RevokedLease> & { woken?: boolean }> {
  const { marketId, leaseId, reason } = request
  const problem = textProblem({ marketId, reason })
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const market = await client.query('select from markets where market_id = $1', [marketId])
    if (market.rowCount === 0) return refuseUnknownMarket(marketId)
    const found = isUuid(leaseId) ? await lockLease(client, marketId, leaseId) : null
    if (found === null) {
      const name = JSON.stringify(leaseId.slice(0, 63))
      return refuse('unknown_lease', `market ${marketId} has no lease ${name}`, 'leaseId')
    }
    if (found.status === 'revoked') return { ok: true, ...answerOf(leaseId, found), woken: false }
    if (found.isOver) {
      return refuse('lease_ended', `lease ${leaseId} ended at ${found.endsAt.toISOString()}`, 'leaseId')
    }
    return await revoke(client, request, found)
  })
}

type FoundLease = NonNullable<Awaited<ReturnType<typeof lockLease>>>

async function lockLease(client: DatabaseClient, marketId: string, leaseId: string) {
  const agents = await lockAgents(
    client,
    `agent_id in (select unnest(array[agent_id, beneficiary_id]) from leases where lease_id = $1 and market_id = $2)`,
    [leaseId, marketId],
  )
  if (agents.length === 0) return null
  await client.query(
    'select from bids where bid_id = (select bid_id from leases where lease_id = $1) for no key update',
    [leaseId],
  )
  const { rows } = await client.query(
    `select l.*, l.status = 'ended' or l.ends_at <= clock_timestamp() as is_over, b.amount_micro, b.traceparent, p.name as payer, f.name as beneficiary
       from leases l join bids b using (bid_id)
       join agents p on p.agent_id = l.agent_id join agents f on f.agent_id = l.beneficiary_id
      where l.lease_id = $1 for no key update of l`,
    [leaseId],
  )
  const execution = await client.query(
    'select status, refunded from executions where lease_id = $1 for no key update',
    [leaseId],
  )
  const lease = rows[0]
  return {
    agents,
    status: lease.status as 'active' | 'ended' | 'revoked',
    /** Its time is over, whether or not its market has looked since. */
    isOver: lease.is_over as boolean,
    startsAt: lease.starts_at as Date,
    endsAt: lease.ends_at as Date,
    quantitiesPpm: lease.quantities_ppm as number[],
    bidId: lease.bid_id as string,
    payerId: lease.agent_id as bigint,
    payer: lease.payer as string,
    beneficiary: lease.beneficiary as string,
    paidMicro: lease.amount_micro as bigint,
    traceparent: lease.traceparent as string | null,
    wasRefunded: lease.refunded || (execution.rows[0]?.refunded ?? false),
    isRefunded: lease.refunded as boolean,
    execution: (execution.rows[0]?.status ?? null) as ExecutionStatus | null,
  }
}

async function revoke(
  client: DatabaseClient,
  { marketId, leaseId, refund, reason, actor }: RevokeLease,
  lease: FoundLease,
): Promise<Outcome<RevokedLease> & { woken: boolean }> {
  const batch = await startBatch(client, marketId)
  // A lease lasts for a moment at least, also one that is revoked in the millisecond of its beginning, and never longer.
  const endsAt = new Date(
    Math.min(lease.endsAt.getTime(), Math.max(batch.nowMs, lease.startsAt.getTime() + 1)),
  )
  const isRefunded = refund && !lease.wasRefunded
  await client.query(
    `with revoked as (
       update leases set status = 'revoked', ends_at = $2, refunded = $3 where lease_id = $1 returning bid_id),
     unstarted as (
       update executions set status = 'missed', ended_at = $2, reason = 'operator', stop_requested_by = $4
        where lease_id = $1 and status in ('due', 'requested')),
     running as (
       update executions set stop_requested_by = coalesce(stop_requested_by, $4)
        where lease_id = $1 and status = 'running')
     update bids set status = 'completed' where bid_id = (select bid_id from revoked) and status = 'winning'`,
    [leaseId, endsAt, isRefunded, actor],
  )
  const { bidId, traceparent } = lease
  const context = { agent: lease.beneficiary, correlationId: bidId, traceparent }
  const operation = `lease/${leaseId}/revoke`
  const data = {
    lease_id: leaseId,
    bid_id: bidId,
    ends_at: endsAt.toISOString(),
    refund: isRefunded ? formatCredits(lease.paidMicro) : '0',
    reason,
    actor,
  }
  const events: EventDraft[] = [draftEvent(operation, 'lease_revoked', data, context)]
  if (isRefunded) {
    const { payer, payerId, paidMicro: amountMicro } = lease
    events.push(refundEvent(operation, { payer, amountMicro, leaseId }, { bidId, traceparent }))
    const payers = new Map(lease.agents.filter(one => one.agentId === payerId).map(one => [one.agentId, one]))
    await refundLeases(client, batch, payers, [{ leaseId, payerId, amountMicro }])
  }
  await rest(client, marketId, lease.agents, batch.nowMs)
  await changeLeased(client, marketId, leasedChange([], [lease]))
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return { ok: true, ...answerOf(leaseId, { ...lease, endsAt, isRefunded }), woken }
}

/** Payer and beneficiary are idle from now on, or from the end of the last lease that they still have. */
async function rest(
  client: DatabaseClient,
  marketId: string,
  agents: readonly LockedAgent[],
  nowMs: number,
): Promise<void> {
  const { rules } = await readRules(client, marketId)
  const { rows } = await client.query(
    `select u.agent_id, max(l.ends_at) as ends_at
       from unnest($2::bigint[]) as u(agent_id)
       join leases l on u.agent_id in (l.agent_id, l.beneficiary_id) and l.market_id = $1 and l.status = 'active'
      group by u.agent_id`,
    [marketId, agents.map(agent => agent.agentId)],
  )
  const ends = new Map(rows.map(row => [row.agent_id as bigint, row.ends_at.getTime() as number]))
  for (const agent of agents) {
    restEarlier(agent, lifeRulesOf(rules), Math.max(nowMs, ends.get(agent.agentId) ?? 0))
  }
  await writeAgents(client, agents)
}

function answerOf(
  leaseId: string,
  { endsAt, isRefunded, paidMicro, payer, execution }: FoundLease,
): RevokedLease {
  return {
    leaseId,
    endsAt: endsAt.toISOString(),
    payer,
    refund: isRefunded ? formatCredits(paidMicro) : '0',
    isProgramRunning: execution === 'running',
  }
}
