import { firstJudgementMs, type LifeRules } from '../../life/life.ts'
import type { DatabaseClient } from '../pool.ts'

/** A row to be of an agent that has nothing else yet. */
export interface NewAgent {
  marketId: string
  name: string
  displayName: string
  owner: string | null
  creditsMicro: bigint
  parentId: bigint | null
}

/** Inserts an agent, alive; answers its id, or null when its name is taken in its market. */
export async function insertAgent(
  client: DatabaseClient,
  { marketId, name, displayName, owner, creditsMicro, parentId }: NewAgent,
  lifeRules: LifeRules,
  nowMs: number,
): Promise<bigint | null> {
  const { rows } = await client.query(
    `insert into agents (market_id, name, display_name, owner, available_micro, created_at, idle_from, judge_at,
                         parent_id, generation)
     values ($1, $2, $3, $4, $5, $6, $6, $7, $8,
             coalesce((select generation + 1 from agents where agent_id = $8), 0))
     on conflict (market_id, name) do nothing returning agent_id`,
    [
      marketId,
      name,
      displayName,
      owner,
      creditsMicro,
      new Date(nowMs),
      new Date(firstJudgementMs(lifeRules, nowMs)),
      parentId,
    ],
  )
  return rows[0]?.agent_id ?? null
}
