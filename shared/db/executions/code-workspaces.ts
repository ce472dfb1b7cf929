import { handedOnChangeId } from '../../benchmark/handed-on.ts'
import { lineDiff } from '../../benchmark/line-diff.ts'
import type { ProposedChange } from '../../benchmark/trial-parts.ts'
import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import type { TestResults } from '../../scenario/measurement.ts'
import type { Workspace } from '../../scenario/workspace.ts'
import { runAgentOperation } from '../agent-operation.ts'
import { findAgentId } from '../agents/find-agent-id.ts'
import type { Database, DatabaseClient } from '../pool.ts'

type Hint = (marketId: string) => Promise<void>
type Whose = { marketId: string; agent: string }
type Files = Record<string, string>

/** The program that an agent is to improve, as it stands. */
export interface StoredWorkspace {
  seeded: Files
  files: Files
  modules: Record<string, string>
  tests: Workspace['tests']
  measure: NonNullable<Workspace['measure']> | null
}

/** Gives an agent a program, once; what it was given before stays. */
export async function giveWorkspace(
  db: Database,
  { marketId, agent }: Whose,
  { files, modules, tests, measure }: Workspace,
  handedOn: { files?: Files; proposed?: ProposedChange },
): Promise<void> {
  const found = await findAgentId(db, marketId, agent)
  if (!found.ok) throw new Error(found.error.message)
  await db.query(
    `insert into code_workspaces (agent_id, seeded, files, modules, tests, measure) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [
      found.agentId,
      JSON.stringify(files),
      JSON.stringify(handedOn.files ?? files),
      JSON.stringify(modules),
      JSON.stringify(tests),
      measure === undefined ? null : JSON.stringify(measure),
    ],
  )
  if (handedOn.proposed === undefined) return
  const { targetModule, changeDescription, expectedImprovement, newText } = handedOn.proposed
  await db.query(
    `insert into code_changes (change_id, agent_id, target_module, change_description, expected_improvement, new_text, proposed_at)
     values ($1, $2, $3, $4, $5, $6, clock_timestamp()) on conflict do nothing`,
    [
      handedOnChangeId(marketId, handedOn.proposed.changeId),
      found.agentId,
      targetModule,
      changeDescription,
      expectedImprovement,
      newText,
    ],
  )
}

/** The program of an agent. Refuses `no_workspace`. */
export async function readWorkspace(
  db: Database,
  { marketId, agent }: Whose,
): Promise<Outcome<{ workspace: StoredWorkspace }>> {
  const found = await findAgentId(db, marketId, agent)
  if (!found.ok) return found
  const { rows } = await db.query(
    'select seeded, files, modules, tests, measure from code_workspaces where agent_id = $1',
    [found.agentId],
  )
  return rows.length === 0 ? refuseNoWorkspace(agent) : { ok: true, workspace: rows[0] }
}

/** The change an agent proposed last, or applied if it proposed none; null: there is none. */
export async function readLastProposed(
  db: Database,
  { marketId, agent }: Whose,
): Promise<ProposedChange | null> {
  const found = await findAgentId(db, marketId, agent)
  if (!found.ok) return null
  const { rows } = await db.query(
    `select change_id, target_module, change_description, expected_improvement, new_text from code_changes
      where agent_id = $1 order by proposed_at desc limit 1`,
    [found.agentId],
  )
  return rows.length === 0 ? null : changeOf(rows[0])
}

/** Stores a change that an agent proposes, and tells it. Refuses `no_workspace`, `unknown_module`. */
export async function proposeChange(
  db: Database,
  hint: Hint,
  { marketId, agent, key, change }: Whose & { key: string | null; change: Omit<ProposedChange, 'changeId'> },
): Promise<Outcome<{ changeId: string }>> {
  return await runAgentOperation<{ changeId: string }>(db, hint, {
    marketId,
    agent,
    key,
    content: { operation: 'code.propose', ...change },
    async act({ client, batch, caller, operationId }) {
      const { rows } = await client.query('select files, modules from code_workspaces where agent_id = $1', [
        caller.agentId,
      ])
      if (rows.length === 0) return { outcome: refuseNoWorkspace(agent) }
      const { files, modules } = rows[0]
      const path = Object.hasOwn(modules, change.targetModule) ? modules[change.targetModule] : undefined
      if (path === undefined) {
        const names = Object.keys(modules).join(', ')
        return {
          outcome: refuse(
            'unknown_module',
            `there is no module of this name; there are ${names}`,
            'targetModule',
          ),
        }
      }
      await client.query(
        `insert into code_changes (change_id, agent_id, target_module, change_description, expected_improvement, new_text, proposed_at)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [
          operationId,
          caller.agentId,
          change.targetModule,
          change.changeDescription,
          change.expectedImprovement,
          change.newText,
          new Date(batch.nowMs),
        ],
      )
      const data = {
        target_module: change.targetModule,
        change_description: change.changeDescription,
        expected_improvement: change.expectedImprovement,
        diff: lineDiff(path, files[path] ?? '', change.newText),
      }
      const event = draftEvent(operationId, 'code_change_proposed', data, {
        agent,
        correlationId: operationId,
      })
      return { outcome: { ok: true, changeId: operationId }, events: [event] }
    },
  })
}

/** A change with the files as they are and as they would be. Refuses `no_workspace`, `unknown_change`. */
export async function readChanged(
  db: Database,
  whose: Whose,
  changeId: string,
): Promise<Outcome<{ workspace: StoredWorkspace; module: string; before: Files }>> {
  const read = await readWorkspace(db, whose)
  if (!read.ok) return read
  const { rows } = await db.query(
    `select target_module, new_text from code_changes c join agents a using (agent_id)
      where c.change_id = $1 and a.market_id = $2 and a.name = $3`,
    [changeId, whose.marketId, whose.agent],
  )
  const path = rows.length === 0 ? undefined : read.workspace.modules[rows[0].target_module]
  if (path === undefined) return refuseUnknownChange(changeId)
  const before = read.workspace.files
  const files = { ...before, [path]: rows[0].new_text }
  return { ok: true, workspace: { ...read.workspace, files }, module: rows[0].target_module, before }
}

/**
 * Makes a change the program's own, and tells what its tests came to. Refuses as readChanged does, and `workspace_changed`
 * when the program is not any more what the change was tested on.
 */
export async function applyChange(
  db: Database,
  hint: Hint,
  applied: Whose & {
    key: string | null
    changeId: string
    module: string
    before: Files
    files: Files
    results: TestResults
  },
): Promise<Outcome<{ changeId: string; modulesModified: string[] } & TestResults>> {
  const { marketId, agent, key, changeId, module, before, files, results } = applied
  return await runAgentOperation<{ changeId: string; modulesModified: string[] } & TestResults>(db, hint, {
    marketId,
    agent,
    key,
    content: { operation: 'code.apply', changeId },
    async act({ client, batch, caller, operationId }) {
      const { rowCount } = await client.query(
        'update code_workspaces set files = $2 where agent_id = $1 and files = $3',
        [caller.agentId, JSON.stringify(files), JSON.stringify(before)],
      )
      if (rowCount === 0) return { outcome: refuseChanged(changeId) }
      await markApplied(client, changeId, caller.agentId, new Date(batch.nowMs))
      const data = {
        change_id: changeId,
        modules_modified: [module],
        tests_run: results.tests.length,
        test_results: results,
      }
      const event = draftEvent(operationId, 'code_change_applied', data, { agent, correlationId: changeId })
      return { outcome: { ok: true, changeId, modulesModified: [module], ...results }, events: [event] }
    },
  })
}

async function markApplied(
  client: DatabaseClient,
  changeId: string,
  agentId: bigint,
  at: Date,
): Promise<void> {
  await client.query('update code_changes set applied_at = $3 where change_id = $1 and agent_id = $2', [
    changeId,
    agentId,
    at,
  ])
}

function refuseNoWorkspace(agent: string) {
  return refuse('no_workspace', `agent ${agent} was given no program to improve`)
}

function refuseChanged(changeId: string) {
  return refuse(
    'workspace_changed',
    `another change was applied while ${changeId} was tested: apply it again, under another key`,
  )
}

function refuseUnknownChange(changeId: string) {
  return refuse('unknown_change', `there is no change ${changeId} of this agent`, 'changeId')
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the query above
function changeOf(row: any): ProposedChange {
  return {
    changeId: row.change_id,
    targetModule: row.target_module,
    changeDescription: row.change_description,
    expectedImprovement: row.expected_improvement,
    newText: row.new_text,
  }
}
