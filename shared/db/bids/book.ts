import type { BookBid } from '../../market/settlement.ts'
import { type LockedAgent, lockAgents } from '../agents/lock-agents.ts'
import type { DatabaseClient } from '../pool.ts'

/** Which pending bids are meant. */
export type BookSelection =
  | { upToSeq: bigint; limit: number }
  | { expiredNow: true; limit: number }
  /** Those it pays for, and those it would get the lease of. */
  | { ofAgent: bigint; limit: number }
  | { all: true; limit: number }

/**
 * Locks the agents that pending bids belong to, then reads those bids. A pending bid leaves the book only under its
 * payer's lock, so that the bids need none of their own: a book of 100,000 is locked by the rows of its agents. For a
 * cycle: bids up to its cut-off, those no cycle has considered first in the order of admission, then by the cycle that
 * considered them last.
 */
export async function lockBook(
  client: DatabaseClient,
  marketId: string,
  selection: BookSelection,
): Promise<{ bids: BookBid[]; agents: Map<bigint, LockedAgent> }> {
  const condition =
    'upToSeq' in selection
      ? 'e.first_seq + b.ordinal <= $2'
      : 'expiredNow' in selection
        ? 'b.expires_at <= clock_timestamp() and $2::bigint is null'
        : 'ofAgent' in selection
          ? '(b.agent_id = $2 or b.beneficiary_id = $2)'
          : '$2::bigint is null'
  const selected =
    'upToSeq' in selection ? selection.upToSeq : 'ofAgent' in selection ? selection.ofAgent : null
  const pending = `bids b join event_batches e using (batch_id)
            where b.market_id = $1 and b.status = 'pending' and ${condition}`
  const locked = await lockAgents(
    client,
    `agent_id in (select agent_id from ${pending} union select beneficiary_id from ${pending})`,
    [marketId, selected],
  )
  const agents = new Map(locked.map(agent => [agent.agentId, agent]))
  if (agents.size === 0) return { bids: [], agents }
  const { rows } = await client.query({
    rowMode: 'array',
    text: `select b.bid_id, b.agent_id, b.beneficiary_id, b.amount_micro, b.quantities_ppm, b.duration_seconds,
                  b.good_till_cancelled, b.expires_at, b.traceparent, b.first_considered_cycle,
                  e.first_seq + b.ordinal as seq
             from ${pending} and b.agent_id = any($4) and b.beneficiary_id = any($4)
            order by b.last_considered_cycle nulls first, seq limit $3`,
    values: [marketId, selected, selection.limit, [...agents.keys()]],
  })
  const bids = rows.map(
    (row): BookBid => ({
      bidId: row[0],
      payerId: row[1],
      payer: agents.get(row[1])!.name,
      beneficiaryId: row[2],
      beneficiary: agents.get(row[2])!.name,
      amountMicro: row[3],
      quantitiesPpm: row[4],
      durationSeconds: row[5],
      goodTillCancelled: row[6],
      expiresAtMs: row[7] === null ? null : row[7].getTime(),
      traceparent: row[8],
      firstConsideredCycle: row[9],
      seq: row[10],
    }),
  )
  return { bids, agents }
}

/** Writes back what locked agents have and are, after their holds were moved. */
export async function writeAgents(client: DatabaseClient, agents: readonly LockedAgent[]): Promise<void> {
  if (agents.length === 0) return
  await client.query(
    `update agents set available_micro = u.available_micro, held_micro = u.held_micro, open_bids = u.open_bids,
            status = u.status, dormant_reason = u.dormant_reason, idle_from = u.idle_from, judge_at = u.judge_at
       from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::text[], $7::timestamptz[],
                   $8::timestamptz[])
         as u(agent_id, available_micro, held_micro, open_bids, status, dormant_reason, idle_from, judge_at)
      where agents.agent_id = u.agent_id`,
    [
      agents.map(agent => agent.agentId),
      agents.map(agent => agent.availableMicro),
      agents.map(agent => agent.heldMicro),
      agents.map(agent => agent.openBids),
      agents.map(agent => agent.status),
      agents.map(agent => agent.dormantReason),
      agents.map(agent => new Date(agent.idleFromMs)),
      agents.map(agent => (agent.judgeAtMs === null ? null : new Date(agent.judgeAtMs))),
    ],
  )
}

/** Ends pending bids that won nothing; their payers must be locked. */
export async function endBids(
  client: DatabaseClient,
  bidIds: readonly string[],
  status: 'cancelled' | 'expired',
): Promise<void> {
  if (bidIds.length === 0) return
  await client.query(`update bids set status = $2 where bid_id = any($1::uuid[]) and status = 'pending'`, [
    bidIds,
    status,
  ])
}
