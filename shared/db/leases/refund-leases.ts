import { refundEvent } from '../../execution/execution-end.ts'
import type { Movement } from '../../ledger/movement.ts'
import { type BatchStart, closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { postMovements } from '../ledger/postings.ts'
import type { DatabaseClient } from '../pool.ts'

/** At most so many are given back in one transaction; the market comes back for the rest. */
const MAX_REFUNDED = 1_000

/**
 * Gives back what was paid for leases that ended before their programs began. Locks payers (sorted), executions, system
 * accounts, and last the sequence row.
 */
export async function refundMissed(
  client: DatabaseClient,
  marketId: string,
): Promise<{ refunded: number; marketId: string; woken: boolean }> {
  const due = await client.query(
    `select e.lease_id from executions e join leases l using (lease_id)
      where e.market_id = $1 and e.status in ('due', 'requested') and l.ends_at <= clock_timestamp()
      order by e.lease_id limit $2`,
    [marketId, MAX_REFUNDED],
  )
  const leaseIds: string[] = due.rows.map(row => row.lease_id)
  if (leaseIds.length === 0) return { refunded: 0, marketId, woken: false }
  const payers = await lockPayers(client, leaseIds)
  const { rows } = await client.query(
    `select e.lease_id, l.agent_id as payer_id, p.name as payer, b.bid_id, b.amount_micro, b.traceparent
       from executions e join leases l using (lease_id) join bids b using (bid_id)
       join agents p on p.agent_id = l.agent_id
      where e.lease_id = any($1) and e.status in ('due', 'requested')
      order by e.lease_id for no key update of e`,
    [leaseIds],
  )
  if (rows.length === 0) return { refunded: 0, marketId, woken: false }
  const batch = await startBatch(client, marketId)
  const refunds = rows.map(row => ({
    leaseId: row.lease_id,
    payerId: row.payer_id,
    payer: row.payer,
    bidId: row.bid_id,
    amountMicro: row.amount_micro,
    traceparent: row.traceparent,
  }))
  await client.query(
    `update executions set status = 'missed', ended_at = $2, reason = 'never_started', refunded = true
      where lease_id = any($1)`,
    [refunds.map(one => one.leaseId), new Date(batch.nowMs)],
  )
  await refundLeases(client, batch, payers, refunds)
  const events = refunds.map(one => refundEvent(`execution/${one.leaseId}/refund`, one, one))
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return { refunded: refunds.length, marketId, woken }
}

/** What the payers of leases have, their rows locked. */
export async function lockPayers(
  client: DatabaseClient,
  leaseIds: readonly string[],
): Promise<Map<bigint, { availableMicro: bigint; heldMicro: bigint }>> {
  const { rows } = await client.query(
    `select agent_id, available_micro, held_micro from agents
      where agent_id in (select agent_id from leases where lease_id = any($1))
      order by agent_id for no key update`,
    [leaseIds],
  )
  return new Map(
    rows.map(row => [row.agent_id, { availableMicro: row.available_micro, heldMicro: row.held_micro }]),
  )
}

/** Mints back what was paid for leases; changes the payers it is given. */
export async function refundLeases(
  client: DatabaseClient,
  batch: BatchStart,
  payers: Map<bigint, { availableMicro: bigint; heldMicro: bigint }>,
  refunds: readonly { leaseId: string; payerId: bigint; amountMicro: bigint }[],
): Promise<void> {
  const movements = refunds.map(({ leaseId, payerId, amountMicro }): Movement => {
    const payer = payers.get(payerId)!
    payer.availableMicro += amountMicro
    const balanceAfterMicro = payer.availableMicro + payer.heldMicro
    return {
      from: 'mint',
      to: { agentId: payerId, balanceAfterMicro },
      amountMicro,
      purpose: 'refund',
      ref: leaseId,
    }
  })
  const paid = [...payers]
  await client.query(
    `update agents set available_micro = u.available_micro
       from unnest($1::bigint[], $2::bigint[]) as u(agent_id, available_micro) where agents.agent_id = u.agent_id`,
    [paid.map(([agentId]) => agentId), paid.map(([, { availableMicro }]) => availableMicro)],
  )
  await postMovements(client, batch, movements)
}
