import { createHash } from 'node:crypto'
import { type Outcome, refuse } from '../economy/refusal.ts'
import { readMoney } from '../llm/money.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type AgentUnderTest, isCostKnown } from './agent-under-test.ts'
import type { RunInputs, RunManifest } from './manifest.ts'
import { planMarket } from './plan-market.ts'
import { type RunRequest, TRIALS_PER_RUN_MAX } from './run-request.ts'
import type { PlannedRun, PlannedTrial } from './trial.ts'

/**
 * The scenarios of a run in the order they are begun: those asked for, and before each the one whose work it goes on
 * with, asked for or not. Refuses what is not there, and what follows itself.
 */
export function orderScenarios(
  asked: readonly string[],
  catalogue: ReadonlyMap<string, Scenario>,
): Outcome<{ scenarios: Scenario[] }> {
  const ordered = new Map<string, Scenario>()
  for (const id of asked) {
    const chain: Scenario[] = []
    for (let next: string | undefined = id; next !== undefined && !ordered.has(next); ) {
      const scenario = catalogue.get(next)
      if (scenario === undefined) {
        const known = [...catalogue.keys()].join(', ')
        return refuse(
          'unknown_scenario',
          `there is no scenario ${JSON.stringify(next)}; there are ${known}`,
          'scenarios',
        )
      }
      if (chain.includes(scenario)) {
        return refuse('invalid_scenario', `scenario ${next} follows itself`, 'scenarios')
      }
      chain.push(scenario)
      next = scenario.follows?.scenario
    }
    for (const scenario of chain.toReversed()) ordered.set(scenario.id, scenario)
  }
  return { ok: true, scenarios: [...ordered.values()] }
}

/** Refuses what a run may not be, or answers null. */
export function runProblem(
  request: RunRequest,
  { scenarios, agent }: { scenarios: readonly Scenario[]; agent: AgentUnderTest },
): Outcome<never> | null {
  const trials = scenarios.length * request.trials
  if (trials > TRIALS_PER_RUN_MAX) {
    return refuse(
      'too_many_trials',
      `${trials} trials are more than a run has: ${TRIALS_PER_RUN_MAX}`,
      'trials',
    )
  }
  const own = agent.kind === 'llm' ? request.judges.find(judge => judge.model === agent.model) : undefined
  if (own !== undefined && !request.selfJudged) {
    const message = `judge ${own.model} is the model under test: choose another, or ask for it (selfJudged, --self-judged)`
    return refuse('self_judged', message, 'judges')
  }
  if (request.maxCost !== null && !isCostKnown(agent)) {
    const message = `maxCost cannot be kept: agent ${agent.name} has a model at a baseUrl of its own; say in its file what that costs (price)`
    return refuse('unknown_cost', message, 'maxCost')
  }
  for (const scenario of scenarios) {
    const planned = planMarket(scenario)
    if (!planned.ok) return planned
  }
  return null
}

/** The trials of a run, each scenario's first trials before anybody's second. */
export function planTrials(manifest: RunManifest, { scenarios }: RunInputs): PlannedRun {
  const trials: PlannedTrial[] = []
  for (let trial = 1; trial <= manifest.trials; trial++) {
    for (const { id, follows } of scenarios) {
      trials.push({ scenarioId: id, trial, after: follows?.scenario ?? null })
    }
  }
  const costMicroMax = manifest.maxCost === null ? null : Number(readMoney(manifest.maxCost))
  return { runId: manifest.runId, trials, parallel: manifest.parallel, costMicroMax }
}

/** Two marks that no agent can know, for the prompt of a judge; the same for the same trial and round. */
export function promptBoundary(secret: string, marketId: string, round: number): string {
  const hash = createHash('sha256').update(`${secret}\0${marketId}\0${round}`).digest('hex')
  return `=====${hash.slice(0, 32)}=====`
}
