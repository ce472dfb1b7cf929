import { v7 as uuidV7 } from 'uuid'
import packageFile from '../../package.json' with { type: 'json' }
import { makeManifest, type RunInputs } from '../../shared/benchmark/manifest.ts'
import { orderScenarios, runProblem } from '../../shared/benchmark/plan-run.ts'
import { readRunRequest } from '../../shared/benchmark/run-request.ts'
import type { RunStore } from '../../shared/benchmark/run-store.ts'
import { type Outcome, refuse } from '../../shared/economy/refusal.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'
import { varyScenario } from '../../shared/scenario/vary-scenario.ts'
import { readAgentFile, readScenarioFolder, SCENARIO_FOLDER } from '../../workers/benchmark/catalogue.ts'
import type { OutputOptions } from '../show/answer.ts'

export interface RunOptions extends OutputOptions {
  agent: string
  trials: number
  judge?: string[]
  judgeTemperature: number
  selfJudged?: boolean
  parallel: number
  seed: number
  maxCost?: string
  holdouts?: string
  variants: number
  runId?: string
  resume?: string
  report?: string
}

/** Stores a run of these scenarios (null: the whole catalogue), with everything it needs, so that any worker can run it. */
export async function makeRun(
  store: RunStore,
  ids: readonly string[] | null,
  options: RunOptions,
): Promise<Outcome<{ runId: string }>> {
  const described = readAgentFile(options.agent)
  if (!described.ok) return described
  const known = readScenarioFolder(SCENARIO_FOLDER)
  if (!known.ok) return known
  const catalogue = new Map(known.scenarios)
  const origins: NonNullable<RunInputs['origins']> = {}
  const holdouts = readHoldouts(options.holdouts, catalogue)
  if (!holdouts.ok) return holdouts
  for (const scenario of holdouts.scenarios) {
    catalogue.set(scenario.id, scenario)
    origins[scenario.id] = 'holdout'
  }
  const standard = ids ?? [...known.scenarios.keys()]
  for (const scenario of standard.flatMap(id => catalogue.get(id) ?? [])) {
    for (let n = 1; n <= options.variants; n++) {
      const variant = varyScenario(scenario, `${options.seed}-${n}`)
      catalogue.set(variant.id, variant)
      origins[variant.id] = 'variant'
    }
  }
  const runId = options.runId ?? `r${uuidV7().replaceAll('-', '').slice(0, 14)}`
  const asked = [...standard, ...Object.keys(origins)]
  const read = readRunRequest({
    runId,
    agent: described.agent.name,
    trials: options.trials,
    ...(options.judge === undefined
      ? {}
      : { judges: options.judge.map(model => ({ model, temperature: options.judgeTemperature })) }),
    selfJudged: options.selfJudged ?? false,
    parallel: options.parallel,
    seed: options.seed,
    maxCost: options.maxCost ?? null,
  })
  if (!read.ok) return read
  const ordered = orderScenarios(asked, catalogue)
  if (!ordered.ok) return ordered
  const inputs = { scenarios: ordered.scenarios, agent: described.agent, origins }
  const problem = runProblem(read.request, inputs)
  if (problem !== null) return problem
  return await store.createRun(makeManifest(runId, inputs, read.request, packageFile.version), inputs)
}

function readHoldouts(
  folder: string | undefined,
  catalogue: ReadonlyMap<string, Scenario>,
): Outcome<{ scenarios: Scenario[] }> {
  if (folder === undefined) return { ok: true, scenarios: [] }
  const read = readScenarioFolder(folder)
  if (!read.ok) return read
  const taken = [...read.scenarios.keys()].find(id => catalogue.has(id))
  if (taken !== undefined) {
    return refuse(
      'invalid_scenario',
      `holdout ${taken} has the id of a scenario of the catalogue`,
      'holdouts',
    )
  }
  return { ok: true, scenarios: [...read.scenarios.values()] }
}
