import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { formatCredits } from '../../money/credits.ts'
import { findAgentId } from '../agents/find-agent-id.ts'
import type { Database } from '../pool.ts'
import { SELECT_SERVICE_CALLS } from './service-calls.ts'

export interface DirectoryEntry {
  agent: string
  displayName: string
  status: 'alive' | 'dormant' | 'dead'
  services: ListedService[]
}

export interface ListedService {
  service: string
  cost: string
  /** Absent from the list of everybody. */
  specification?: unknown
  reputation: { succeeded: number; failed: number; score: number | null }
}

/** Agents of a market by id, with what they offer, at most `limit` after `after`; specifications only for few. */
export async function readDirectory(
  db: Database,
  marketId: string,
  asked: {
    agent?: string | undefined
    service?: string | undefined
    after?: string | undefined
    limit: number
  },
): Promise<Outcome<{ items: DirectoryEntry[]; more: boolean }>> {
  const { agent = null, service = null, after = '', limit } = asked
  const market = await db.query('select from markets where market_id = $1', [marketId])
  if (market.rowCount === 0) return refuseUnknownMarket(marketId)
  // One more than asked, to know whether anything is left.
  const { rows } = await db.query(
    `select a.name, a.display_name, a.status, offered.services
       from agents a
       cross join lateral (
         select coalesce(json_agg(json_build_object(
                  'service', s.name, 'costMicro', s.cost_micro::text, 'succeeded', s.succeeded, 'failed', s.failed,
                  'specification', s.specification) order by s.name), '[]') as services
           from services s where s.provider_id = a.agent_id and ($3::text is null or s.name = $3)) offered
      where a.market_id = $1 and ($2::text is null or a.name = $2) and a.name > $4
        and ($3::text is null or exists (
              select from services s where s.provider_id = a.agent_id and s.name = $3))
      order by a.name limit $5`,
    [marketId, agent, service, after, limit + 1],
  )
  const isShort = agent === null && service === null
  const items = rows.slice(0, limit).map(row => ({
    agent: row.name,
    displayName: row.display_name,
    status: row.status,
    // biome-ignore lint/suspicious/noExplicitAny: what the query above built
    services: row.services.map((one: any) => listedService(one, isShort)),
  }))
  return { ok: true, items, more: rows.length > limit }
}

// biome-ignore lint/suspicious/noExplicitAny: what the query above built
function listedService(one: any, isShort: boolean): ListedService {
  const { service, costMicro, specification, succeeded, failed } = one
  const calls = succeeded + failed
  return {
    service,
    cost: formatCredits(BigInt(costMicro)),
    ...(isShort ? {} : { specification }),
    reputation: { succeeded, failed, score: calls === 0 ? null : succeeded / calls },
  }
}

export interface ListedCall {
  callId: string
  caller: string
  provider: string
  service: string
  cost: string
  arguments: unknown
  status: 'waiting' | 'succeeded' | 'failed' | 'timed_out'
  result: unknown
  invokedAt: string
  deadlineAt: string
  answeredAt: string | null
}

/** Calls that an agent made, or is to answer, the newest first, at most `limit`. */
export async function listCalls(
  db: Database,
  { marketId, agent }: { marketId: string; agent: string },
  asked: {
    role: 'caller' | 'provider'
    callId?: string | undefined
    waiting: boolean
    limit: number
    before?: string | undefined
  },
): Promise<Outcome<{ items: ListedCall[]; more: boolean }>> {
  const found = await findAgentId(db, marketId, agent)
  if (!found.ok) return found
  const mine = asked.role === 'caller' ? 'c.caller_id' : 'c.provider_id'
  const { rows } = await db.query(
    `${SELECT_SERVICE_CALLS}
      where ${mine} = $1 and ($2::uuid is null or c.call_id = $2) and (not $3 or c.status = 'waiting')
        and ($4::uuid is null or c.number < (select number from service_calls where call_id = $4))
      order by c.number desc limit $5`,
    [found.agentId, asked.callId ?? null, asked.waiting, asked.before ?? null, asked.limit + 1],
  )
  const items = rows.slice(0, asked.limit).map(row => ({
    callId: row.call_id,
    caller: row.caller,
    provider: row.provider,
    service: row.service,
    cost: formatCredits(row.amount_micro),
    arguments: row.arguments,
    status: row.status,
    result: row.result,
    invokedAt: row.invoked_at.toISOString(),
    deadlineAt: row.deadline_at.toISOString(),
    answeredAt: row.answered_at?.toISOString() ?? null,
  }))
  return { ok: true, items, more: rows.length > asked.limit }
}
