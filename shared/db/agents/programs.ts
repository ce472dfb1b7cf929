import type { Program } from '../../program/program.ts'
import type { Database, DatabaseClient } from '../pool.ts'

/** Gives an agent a program, in place of the one it had. */
export async function writeProgram(
  client: DatabaseClient,
  marketId: string,
  agentId: bigint,
  { command, runtime, files }: Program,
): Promise<void> {
  await client.query(
    `insert into programs (agent_id, market_id, command, runtime, set_at)
     values ($1, $2, $3, $4, clock_timestamp())
     on conflict (agent_id) do update set command = excluded.command, runtime = excluded.runtime, set_at = excluded.set_at`,
    [agentId, marketId, command, runtime],
  )
  await client.query('delete from program_files where agent_id = $1', [agentId])
  await client.query(
    `insert into program_files (agent_id, name, content)
     select $1, name, content from unnest($2::text[], $3::bytea[]) as f(name, content)`,
    [agentId, [...files.keys()], [...files.values()].map(content => Buffer.from(content))],
  )
}

/** An agent's program, or null when it has none. */
export async function readProgram(db: Database | DatabaseClient, agentId: bigint): Promise<Program | null> {
  const { rows } = await db.query(
    `select p.command, p.runtime, f.name, f.content
       from programs p left join program_files f using (agent_id) where p.agent_id = $1 order by f.name`,
    [agentId],
  )
  const [first] = rows
  if (first === undefined) return null
  const files = new Map(rows.filter(row => row.name !== null).map(row => [row.name, row.content]))
  return { command: first.command, runtime: first.runtime, files }
}
