import type { EventDraft } from '../../events/draft.ts'
import { judge, judgementEvent, type LifeRules } from '../../life/life.ts'
import { writeAgents } from '../bids/book.ts'
import type { BatchStart } from '../events/event-batch.ts'
import type { DatabaseClient } from '../pool.ts'
import { type LockedAgent, lockAgents } from './lock-agents.ts'

/** At most so many agents are judged in one transaction; the market comes back for the rest. */
const MAX_JUDGED = 2_000

/**
 * Judges the agents of a market whose time has come, and answers what became of them. Rows that others hold are passed
 * over for now, so that agents may be locked here though others of higher ids are locked already: nobody is waited for.
 * Agents that the caller changed must have been written.
 */
export async function judgeLives(
  client: DatabaseClient,
  batch: Pick<BatchStart, 'marketId' | 'nowMs'>,
  rules: LifeRules,
  operation: string,
): Promise<EventDraft[]> {
  const agents = await lockAgents(
    client,
    `agent_id in (select agent_id from agents where market_id = $1 and judge_at <= $2 order by judge_at limit $3)`,
    [batch.marketId, new Date(batch.nowMs), MAX_JUDGED],
    'skip locked',
  )
  if (agents.length === 0) return []
  const waiting = await readWaiting(client, agents)
  const events = agents.flatMap(agent => {
    const became = judge(agent, rules, waiting.get(agent.agentId)!, batch.nowMs)
    return became === null ? [] : [judgementEvent(operation, agent, became)]
  })
  await writeAgents(client, agents)
  return events
}

/** What locked agents wait for, read after they were locked: none of it can begin meanwhile. */
async function readWaiting(client: DatabaseClient, agents: readonly LockedAgent[]) {
  const { rows } = await client.query(
    `select agent_id,
            exists (select from bids b where b.beneficiary_id = u.agent_id and b.status = 'pending') as bid_for,
            exists (select from prompts p where p.agent_id = u.agent_id and p.status = 'open')
              or exists (select from holds h where h.agent_id = u.agent_id and h.status = 'held') as prompt_or_hold,
            exists (select from service_calls c where c.provider_id = u.agent_id and c.status = 'waiting') as asked
       from unnest($1::bigint[]) as u(agent_id)`,
    [agents.map(agent => agent.agentId)],
  )
  const openBids = new Map(agents.map(agent => [agent.agentId, agent.openBids]))
  return new Map(
    rows.map(row => [
      row.agent_id as bigint,
      {
        openBid: row.bid_for || openBids.get(row.agent_id)! > 0,
        promptOrHold: row.prompt_or_hold,
        asked: row.asked,
      },
    ]),
  )
}
