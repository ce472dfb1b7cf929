import type { AllowanceSummary } from '../../allowance/allowance.ts'
import { summariseAllowance } from '../../allowance/decisions.ts'
import { formatCredits } from '../../money/credits.ts'
import { ALLOWANCE_COLUMNS, allowanceOf } from '../allowances/rows.ts'
import type { DatabaseClient } from '../pool.ts'

/** Of each kind of thing, so many are counted: the newest. */
export const STORY_COUNTED_MAX = 10_000
const STORY_EVENTS_MAX = 20
const STORY_CHILDREN_MAX = 100

/** Types of events that tell an agent's life, as the index on them has it. */
const LIFE = `
  'agent_registered', 'agent_spawned', 'agent_dormant', 'agent_awake', 'agent_died', 'agent_revived', 'agent_frozen',
  'agent_unfrozen'`

/** What an agent did and what became of it. Counts are of the newest `STORY_COUNTED_MAX` of each kind. */
export interface AgentStory {
  /** Why it is dormant; null: it is not. */
  dormantReason: string | null
  /** Who spawned it; null: an operator added it. */
  parent: string | null
  /** How many spawnings it is away from one that an operator added. */
  generation: number
  /** Those it spawned itself, in order of birth, the first `STORY_CHILDREN_MAX`. */
  children: string[]
  /** What operators give it regularly, by itself or as one of its owner's agents. */
  allowances: AllowanceSummary[]
  /** Credits that came and went, by purpose; of the agent's own purse. */
  money: { purpose: string; movements: number; received: string; spent: string }[]
  /** Bids it pays for, by status. */
  bids: Record<string, number>
  /** Leases that are its own, whoever paid, by status. */
  leases: Record<string, number>
  /** Runs of its program, by how they ended (`status` for those that did not). */
  executions: Record<string, number>
  services: { name: string; cost: string; succeeded: number; failed: number }[]
  /** Calls of others' services, by status. */
  serviceCalls: Record<string, number>
  /** Prompts by status, and what they earned. */
  prompts: Record<string, number>
  awarded: string
  models: { calls: number; tokens: number }
  /** The newest events of its life, the newest first. */
  life: { at: string; seq: number; type: string; data: Record<string, unknown> }[]
}

/** Tells an agent's story. Every part is read by an index on the agent, and is bounded. */
export async function readAgentStory(
  client: DatabaseClient,
  marketId: string,
  { agentId, agent }: { agentId: bigint; agent: string },
): Promise<AgentStory> {
  const count = (key: string, newest: string) => countBy(client, key, newest, agentId)
  const origin = await client.query(
    `select a.dormant_reason, a.generation, p.name as parent from agents a left join agents p on p.agent_id = a.parent_id
      where a.agent_id = $1`,
    [agentId],
  )
  const children = await client.query(
    'select name from agents where parent_id = $1 order by agent_id limit $2',
    [agentId, STORY_CHILDREN_MAX],
  )
  const allowances = await client.query(
    `select ${ALLOWANCE_COLUMNS} from allowances l left join agents a using (agent_id)
      where l.agent_id = $1
         or (l.market_id, l.owner) in (select market_id, owner from agents where agent_id = $1)
      order by l.allowance_id`,
    [agentId],
  )
  const money = await client.query(
    `select purpose, count(*) as movements, coalesce(sum(amount_micro) filter (where amount_micro > 0), 0) as received,
            coalesce(-sum(amount_micro) filter (where amount_micro < 0), 0) as spent
       from (select purpose, amount_micro from transactions where agent_id = $1 order by timestamp desc, id desc limit $2) t
      group by purpose order by purpose`,
    [agentId, STORY_COUNTED_MAX],
  )
  const services = await client.query(
    'select name, cost_micro, succeeded, failed from services where provider_id = $1 order by name',
    [agentId],
  )
  const awarded = await client.query(
    `select coalesce(sum(awarded_micro), 0) as micro
       from (select awarded_micro from prompts where agent_id = $1 order by opened_at desc limit $2) p`,
    [agentId, STORY_COUNTED_MAX],
  )
  const models = await client.query(
    `select count(*) as calls, coalesce(sum(charged_tokens), 0) as tokens
       from (select charged_tokens from llm_calls where agent_id = $1 order by reserved_at desc limit $2) c`,
    [agentId, STORY_COUNTED_MAX],
  )
  const life = await client.query(
    `select e.at, e.first_seq + o.ordinal as seq, o.type, o.data
       from outbox o join event_batches e using (batch_id)
      where o.agent = $2 and o.type in (${LIFE}) and e.market_id = $1
      order by o.batch_id desc, o.ordinal desc limit $3`,
    [marketId, agent, STORY_EVENTS_MAX],
  )
  return {
    dormantReason: origin.rows[0].dormant_reason,
    parent: origin.rows[0].parent,
    generation: origin.rows[0].generation,
    children: children.rows.map(row => row.name),
    allowances: allowances.rows.map(row => summariseAllowance(allowanceOf(row))),
    money: money.rows.map(row => ({
      purpose: row.purpose,
      movements: Number(row.movements),
      received: formatCredits(BigInt(row.received)),
      spent: formatCredits(BigInt(row.spent)),
    })),
    bids: await count('status', 'bids where agent_id = $1 order by timestamp desc, bid_id desc'),
    leases: await count('status', 'leases where beneficiary_id = $1 order by starts_at desc'),
    executions: await count(
      'coalesce(reason, status)',
      'executions where agent_id = $1 order by started_at desc nulls first, lease_id',
    ),
    services: services.rows.map(row => ({
      name: row.name,
      cost: formatCredits(row.cost_micro),
      succeeded: Number(row.succeeded),
      failed: Number(row.failed),
    })),
    serviceCalls: await count('status', 'service_calls where caller_id = $1 order by number desc'),
    prompts: await count('status', 'prompts where agent_id = $1 order by opened_at desc'),
    awarded: formatCredits(BigInt(awarded.rows[0].micro)),
    models: { calls: Number(models.rows[0].calls), tokens: Number(models.rows[0].tokens) },
    life: life.rows.map(row => ({
      at: row.at.toISOString(),
      seq: Number(row.seq),
      type: row.type,
      data: row.data,
    })),
  }
}

async function countBy(
  client: DatabaseClient,
  key: string,
  newest: string,
  agentId: bigint,
): Promise<Record<string, number>> {
  const { rows } = await client.query(
    `select key, count(*) as count from (select ${key} as key from ${newest} limit $2) n group by key order by key`,
    [agentId, STORY_COUNTED_MAX],
  )
  return Object.fromEntries(rows.map(row => [row.key, Number(row.count)]))
}
