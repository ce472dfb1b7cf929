import type { Database } from '../pool.ts'

/** Something that was done in somebody's name, as its event tells it. */
export interface Act {
  marketId: string
  seq: number
  at: string
  type: string
  agent: string | null
  actor: string
  /** What else the event says, the reason among it. */
  data: Record<string, unknown>
}

/** Types of events that may be acts, as the index on them has it. */
const ACTS = `
  'market_rules_changed', 'market_paused', 'market_resumed', 'market_closed', 'history_restored', 'agent_frozen',
  'agent_unfrozen', 'agent_revived', 'agent_awake', 'agent_token_issued', 'agent_token_revoked', 'lease_token_issued',
  'lease_revoked', 'ledger_adjusted', 'credits_minted', 'human_reward_issued', 'allowance_set', 'allowance_ended'`

/** Acts by name on a market, or on all (null), the newest first, at most `limit`. Bids are not among them. */
export async function listActs(db: Database, marketId: string | null, limit: number): Promise<Act[]> {
  const { rows } = await db.query(
    `select e.market_id, e.first_seq + o.ordinal as seq, e.at, o.type, o.agent, o.data
       from outbox o join event_batches e using (batch_id)
      where o.type in (${ACTS}) and o.data ->> 'actor' is not null and ($1::text is null or e.market_id = $1)
      order by o.batch_id desc, o.ordinal desc limit $2`,
    [marketId, limit],
  )
  return rows.map(({ data: { actor, ...data }, ...row }) => ({
    marketId: row.market_id,
    seq: Number(row.seq),
    at: row.at.toISOString(),
    type: row.type,
    agent: row.agent,
    actor,
    data,
  }))
}
