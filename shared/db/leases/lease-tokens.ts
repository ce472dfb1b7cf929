import { validate as isUuid, v7 as uuidV7 } from 'uuid'
import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import type { IssueLeaseToken, TokenLease } from '../../identity/identity.ts'
import {
  refuseDead,
  refuseEndedToken,
  refuseFrozen,
  refuseUnknownToken,
  tokenProblem,
} from '../../identity/refuse-token.ts'
import { hashToken, newToken } from '../../identity/token.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import type { Resource } from '../../market/rules.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/** A lease has at most so many tokens; one more takes the place of the oldest. */
const MAX_LEASE_TOKENS = 8

/**
 * Gives out a token for an active lease; it is good until the lease ends. Locks the lease, so that tokens of one lease
 * are issued one after the other, then the sequence row.
 */
export async function issueLeaseToken(
  db: Database,
  { marketId, leaseId, agent, actor }: IssueLeaseToken,
): Promise<Outcome<{ leaseId: string; token: string; endsAt: string }> & { woken?: boolean }> {
  if (!isUuid(leaseId)) return unknownLease(marketId, leaseId)
  const problem = textProblem({ marketId })
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      `select l.ends_at, l.ends_at <= clock_timestamp() or l.status <> 'active' as is_over, a.name, a.status, a.frozen
         from leases l join agents a on a.agent_id = l.beneficiary_id
        where l.lease_id = $1 and l.market_id = $2 for no key update of l`,
      [leaseId, marketId],
    )
    const lease = rows[0]
    if (lease === undefined || (agent !== null && lease.name !== agent))
      return unknownLease(marketId, leaseId)
    if (lease.is_over) {
      return refuse('lease_ended', `lease ${leaseId} ended at ${lease.ends_at.toISOString()}`, 'leaseId')
    }
    if (lease.status === 'dead') return refuseDead(lease.name)
    if (lease.frozen) return refuseFrozen(lease.name)
    const batch = await startBatch(client, marketId)
    const token = newToken('lease')
    await client.query(
      `delete from lease_tokens where token_id in (
         select token_id from lease_tokens where lease_id = $1 order by token_id desc offset $2)`,
      [leaseId, MAX_LEASE_TOKENS - 1],
    )
    const inserted = await client.query(
      'insert into lease_tokens (token_hash, lease_id, issued_at) values ($1, $2, $3) returning token_id',
      [hashToken(token), leaseId, new Date(batch.nowMs)],
    )
    const data = { token_id: String(inserted.rows[0].token_id), lease_id: leaseId, actor }
    await writeEvents(client, batch, [
      draftEvent(uuidV7(), 'lease_token_issued', data, { agent: lease.name, correlationId: leaseId }),
    ])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, leaseId, token, endsAt: lease.ends_at.toISOString(), woken }
  })
}

/**
 * The lease a token is for, while it may be used. Refuses `unknown_token`, `wrong_token`, `token_expired` (the lease
 * ended), `agent_frozen` and `agent_not_alive`.
 */
export async function findLeaseOfToken(db: Database, token: string): Promise<Outcome<{ lease: TokenLease }>> {
  const problem = tokenProblem(token, 'lease')
  if (problem !== null) return problem
  const { rows } = await db.query({
    name: 'find-lease-of-token',
    text: `select l.lease_id, l.bid_id, l.market_id, l.quantities_ppm, l.starts_at, l.ends_at, l.status <> 'active' as is_ended, t.token_id,
                  b.duration_seconds, b.traceparent, a.name, a.owner, a.status, a.frozen,
                  clock_timestamp() as now,
                  (select json_agg(json_build_object('name', r.name, 'unit', r.unit, 'capacity', r.capacity::text)
                                   order by r.ordinal)
                     from market_resources r where r.market_id = l.market_id) as resources
             from lease_tokens t join leases l using (lease_id) join bids b using (bid_id)
             join agents a on a.agent_id = l.beneficiary_id
            where t.token_hash = $1`,
    values: [hashToken(token)],
  })
  const row = rows[0]
  if (row === undefined) return refuseUnknownToken()
  const endsAtMs = row.ends_at.getTime()
  const remainingMs = endsAtMs - row.now.getTime()
  if (remainingMs <= 0 || row.is_ended) return refuseEndedToken(endsAtMs, false)
  if (row.status === 'dead') return refuseDead(row.name)
  if (row.frozen) return refuseFrozen(row.name)
  const resources: Resource[] = row.resources
  return {
    ok: true,
    lease: {
      marketId: row.market_id,
      agent: row.name,
      owner: row.owner,
      leaseId: row.lease_id,
      tokenId: row.token_id,
      bidId: row.bid_id,
      resources: resources.map((resource, place) => ({
        ...resource,
        quantityPpm: row.quantities_ppm[place],
      })),
      durationSeconds: row.duration_seconds,
      startsAtMs: row.starts_at.getTime(),
      endsAtMs,
      remainingMs,
      traceparent: row.traceparent,
    },
  }
}

function unknownLease(marketId: string, leaseId: string) {
  const name = JSON.stringify(leaseId.slice(0, 63))
  return refuse('unknown_lease', `market ${marketId} has no such lease of yours: ${name}`, 'leaseId')
}
