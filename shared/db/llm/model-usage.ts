import type { Database } from '../pool.ts'

/** The newest active lease of an agent, with at least so many seconds left; null: it has none. */
export async function findLastingLease(
  db: Database,
  marketId: string,
  agent: string,
  secondsLeft: number,
): Promise<string | null> {
  const { rows } = await db.query(
    `select l.lease_id from leases l join agents a on a.agent_id = l.beneficiary_id
      where l.market_id = $1 and a.name = $2 and l.status = 'active'
        and l.ends_at > clock_timestamp() + make_interval(secs => $3)
      order by l.ends_at desc limit 1`,
    [marketId, agent, secondsLeft],
  )
  return rows[0]?.lease_id ?? null
}

/** What a call to a model came to, once it is settled; nothing before. Cost in millionths of the upstreams' currency. */
export async function readCallUsage(
  db: Database,
  callId: string,
): Promise<{ tokens: number; costMicro: number }> {
  const { rows } = await db.query(
    `select coalesce(charged_tokens, 0) as tokens, coalesce(cost_micro, 0) as cost from llm_calls where call_id = $1`,
    [callId],
  )
  return { tokens: Number(rows[0]?.tokens ?? 0), costMicro: Number(rows[0]?.cost ?? 0) }
}

/** What calls to models on leases of a market cost, in millionths of the upstreams' currency. */
export async function readModelCost(db: Database, marketId: string): Promise<number> {
  const { rows } = await db.query(
    `select coalesce((select sum(cost_micro) from llm_calls where market_id = $1), 0)
          + coalesce((select sum(cost_micro) from llm_usage where market_id = $1), 0) as cost`,
    [marketId],
  )
  return Number(rows[0].cost)
}

/** Whether a bid of an agent waits for a cycle, or one of its calls of services for an answer. */
export async function hasOpenBusiness(db: Database, marketId: string, agent: string): Promise<boolean> {
  const { rows } = await db.query(
    `select exists (select from bids b join agents a on a.agent_id = b.agent_id
                     where a.market_id = $1 and a.name = $2 and b.status = 'pending' and not b.good_till_cancelled)
         or exists (select from service_calls c join agents a on a.agent_id = c.caller_id
                     where a.market_id = $1 and a.name = $2 and c.status = 'waiting') as open`,
    [marketId, agent],
  )
  return rows[0].open
}
