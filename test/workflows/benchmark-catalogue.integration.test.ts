import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeReport, type RunReport } from '../../shared/benchmark/run-report.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'
import { readScenarioFolder, SCENARIO_FOLDER } from '../../workers/benchmark/catalogue.ts'
import { readiness, whySkipped } from '../shared/sandbox/run-program.ts'
import { startRun } from './benchmark-runs.ts'
import { openTestEconomy, type TestEconomy } from './economy-client.ts'

const stamp = Date.now().toString(36)
const SAMPLE = ['fc_001', 'fc_002', 'fc_003', 'er_001', 'er_006', 'er_011']
const CHAIN = ['si_001', 'si_002', 'si_003']
/** Programs are run as often as it takes to compare them, and no more. */
const RUNS = 2
const WAIT_MS = 300_000
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(() => test.close())

function standard(ids: readonly string[]): Scenario[] {
  const read = readScenarioFolder(SCENARIO_FOLDER)
  if (!read.ok) throw new Error(read.error.message)
  return ids.map(id => withFewRuns(read.scenarios.get(id)!))
}

function withFewRuns(scenario: Scenario): Scenario {
  const { seeded } = scenario.initial_state
  const significance = scenario.validation.statistical_significance
  if (seeded.workspace?.measure !== undefined) seeded.workspace.measure.trials = RUNS
  if (significance !== undefined) significance.num_trials = RUNS
  return scenario
}

async function ran(name: string, agent: string, ids: readonly string[]): Promise<RunReport> {
  const runId = `${name}-${stamp}`
  const given = { scenarios: standard(ids), agent: { function: agent, limits: { seconds: 250 } } }
  const { store, handle } = await startRun(test, runId, { ...given, request: { parallel: 6 } })
  await handle.result()
  const run = await store.readRun(runId)
  if (!run.ok) throw new Error(run.error.message)
  return makeReport(run, await store.listTrials(runId))
}

const reasonsOf = (report: RunReport) =>
  report.scenarios.flatMap(({ id, trials }) =>
    trials.flatMap(trial => trial.reasons.map(reason => `${id}: ${reason}`)),
  )

describe('of the catalogue', () => {
  it(
    'a sample is passed by the reference agent and failed by two that are wrong',
    async () => {
      const [right, words, blind] = await Promise.all([
        ran('right', 'reference', SAMPLE),
        ran('words', 'wrong-words', SAMPLE),
        ran('blind', 'wrong-blind', SAMPLE),
      ])
      expect(reasonsOf(right)).toEqual([])
      expect(right.totals).toMatchObject({ passed: SAMPLE.length })
      expect(words.totals).toMatchObject({ failed: SAMPLE.length })
      expect(blind.totals).toMatchObject({ failed: SAMPLE.length })
    },
    WAIT_MS,
  )

  it.skipIf(!readiness.ready)(
    `a program is improved over three scenarios, each going on with what the one before made${whySkipped}`,
    async () => {
      const report = await ran('chain', 'reference', CHAIN)
      expect(reasonsOf(report)).toEqual([])
      expect(report.totals).toMatchObject({ passed: 3 })
    },
    WAIT_MS,
  )
})
