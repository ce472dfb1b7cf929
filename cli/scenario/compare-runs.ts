import { differencesBesideAgent } from '../../shared/benchmark/manifest.ts'
import { makeReport, type RunReport } from '../../shared/benchmark/run-report.ts'
import type { RunStore } from '../../shared/benchmark/run-store.ts'
import { type Outcome, refuse } from '../../shared/economy/refusal.ts'
import { type AgentComparison, compareAgents } from '../../shared/scenario/statistics/compare-agents.ts'

/** Compares the agents of two runs by the trials that both have a verdict of. Refuses runs that differ in anything else. */
export async function compareRuns(
  store: RunStore,
  a: string,
  b: string,
): Promise<Outcome<AgentComparison & { official: boolean }>> {
  const [runA, runB] = [await store.readRun(a), await store.readRun(b)]
  if (!runA.ok) return runA
  if (!runB.ok) return runB
  const differences = differencesBesideAgent(runA.manifest, runB.manifest)
  if (differences.length > 0) {
    const message = `runs ${a} and ${b} differ in more than the agent: ${differences.join(', ')}`
    return refuse('runs_differ', message)
  }
  const scoresA = scoresOf(makeReport(runA, await store.listTrials(a)))
  const scoresB = scoresOf(makeReport(runB, await store.listTrials(b)))
  const pairs = [...scoresA.values()].flatMap(one => {
    const other = scoresB.get(`${one.scenarioId}/${one.trial}`)
    return other === undefined ? [] : [{ ...one, a: one.score, b: other.score }]
  })
  return { ok: true, ...compareAgents(pairs), official: runA.manifest.official }
}

function scoresOf({ scenarios }: RunReport) {
  return new Map(
    scenarios.flatMap(({ id, trials }) =>
      trials
        .filter(trial => trial.verdict !== null)
        .map(({ trial, score }) => [`${id}/${trial}`, { scenarioId: id, trial, score: score! }] as const),
    ),
  )
}
