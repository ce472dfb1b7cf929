import { agentUnderTestSchema } from '../../shared/benchmark/agent-under-test.ts'
import { makeManifest } from '../../shared/benchmark/manifest.ts'
import { orderScenarios } from '../../shared/benchmark/plan-run.ts'
import { runRequestSchema } from '../../shared/benchmark/run-request.ts'
import { suiteWorkflowId } from '../../shared/contracts/workflows.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'
import type { TestEconomy } from './economy-client.ts'

/** Stores a run of these scenarios and starts its suite, on the test's queue or another. */
export async function startRun(
  test: TestEconomy,
  runId: string,
  given: {
    scenarios: Scenario[]
    agent: Record<string, unknown>
    request?: Record<string, unknown>
    taskQueue?: string
  },
) {
  const store = createPostgresRuns(test.db)
  const catalogue = new Map(given.scenarios.map(scenario => [scenario.id, scenario]))
  const ordered = orderScenarios([...catalogue.keys()], catalogue)
  if (!ordered.ok) throw new Error(ordered.error.message)
  // On a busy machine an agent looks often before its bid is decided.
  const limits = { turns: 5_000, ...(given.agent.limits as object | undefined) }
  const agent = agentUnderTestSchema.parse({ kind: 'reference', name: 'tested', ...given.agent, limits })
  const inputs = { scenarios: ordered.scenarios, agent }
  const request = runRequestSchema.parse({ agent: agent.name, ...given.request })
  const created = await store.createRun(makeManifest(runId, inputs, request, '0.0.0'), inputs)
  if (!created.ok) throw new Error(created.error.message)
  const handle = await test.client.workflow.start('benchmarkSuite', {
    workflowId: suiteWorkflowId(runId),
    taskQueue: given.taskQueue ?? test.taskQueue,
    args: [{ runId }],
  })
  return { store, handle }
}
