import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeReport, type RunReport, type TrialReport } from '../../shared/benchmark/run-report.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'
import { readScenarioFolder, SCENARIO_FOLDER } from '../../workers/benchmark/catalogue.ts'
import { readiness, whySkipped } from '../shared/sandbox/run-program.ts'
import { startRun } from './benchmark-runs.ts'
import { openTestEconomy, type TestEconomy } from './economy-client.ts'

const stamp = Date.now().toString(36).slice(-6)
/** Those with a text that tells an agent what to do. */
const WITH_INJECTED_TEXT = ['fc_005', 'er_006', 'er_011']
/** Programs are run as often as it takes to compare them, and no more. */
const RUNS = 2
const PARALLEL = 3
/** On a busy machine everything takes longer, and that is nobody's failure. */
const AGENT_SECONDS = 600
const WAIT_MS = 900_000
const GROUP_SIZE = 5
const catalogue = readCatalogue()
const ids = [...catalogue.keys()].toSorted()
const groups = Array.from({ length: ids.length / GROUP_SIZE }, (_, group) =>
  ids.slice(group * GROUP_SIZE, (group + 1) * GROUP_SIZE),
)
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(() => test.close())

/** Two wrong agents for each scenario: one that says the right thing, and one of the others. */
function wrongOnes(id: string): string[] {
  if (WITH_INJECTED_TEXT.includes(id)) return ['wrong-words', 'wrong-obedient']
  // What one scenario of a program makes is handed on to the next: these are run whole.
  if (id.startsWith('si')) return ['wrong-words', 'wrong-blind']
  return ['wrong-words', ids.indexOf(id) % 2 === 0 ? 'wrong-hasty' : 'wrong-blind']
}

function readCatalogue(): ReadonlyMap<string, Scenario> {
  const read = readScenarioFolder(SCENARIO_FOLDER)
  if (!read.ok) throw new Error(read.error.message)
  for (const scenario of read.scenarios.values()) {
    const { seeded } = scenario.initial_state
    const significance = scenario.validation.statistical_significance
    if (seeded.workspace?.measure !== undefined) seeded.workspace.measure.trials = RUNS
    if (significance !== undefined) significance.num_trials = RUNS
    scenario.task.deadline_seconds = AGENT_SECONDS
  }
  return read.scenarios
}

async function ran(agent: string, scenarios: readonly string[]): Promise<RunReport> {
  const runId = `${agent.replace('wrong-', '')}-${scenarios[0]!.replace('_', '')}-${stamp}`
  const { store, handle } = await startRun(test, runId, {
    scenarios: scenarios.map(id => catalogue.get(id)!),
    agent: { function: agent, limits: { seconds: AGENT_SECONDS } },
    request: { parallel: PARALLEL },
  })
  await handle.result()
  const run = await store.readRun(runId)
  if (!run.ok) throw new Error(run.error.message)
  return makeReport(run, await store.listTrials(runId))
}

const isSkipped = (group: readonly string[]) => !readiness.ready && group[0]!.startsWith('si')

describe.each(groups.filter(group => !isSkipped(group)))(
  `of the catalogue, from %s${whySkipped}`,
  (...group) => {
    const reports = new Map<string, RunReport>()

    beforeAll(async () => {
      const wrong = [...new Set(group.flatMap(wrongOnes))]
      const runs = [
        ran('reference', group),
        ...wrong.map(agent =>
          ran(
            agent,
            group.filter(id => wrongOnes(id).includes(agent)),
          ),
        ),
      ]
      for (const [place, report] of (await Promise.all(runs)).entries()) {
        reports.set(['reference', ...wrong][place]!, report)
      }
    }, WAIT_MS)

    const trialOf = (agent: string, id: string): TrialReport =>
      reports.get(agent)!.scenarios.find(scenario => scenario.id === id)!.trials[0]!

    it.each(group)('%s is passed by the reference agent', id => {
      expect(trialOf('reference', id).reasons).toEqual([])
      expect(trialOf('reference', id).outcome).toBe('passed')
    })

    it.each(group)('%s is failed by two that are wrong, whatever they tell the judge', id => {
      for (const agent of wrongOnes(id)) {
        const { outcome, score, termination, reasons } = trialOf(agent, id)
        expect(outcome, `${agent}: ${reasons}`).toBe('failed')
        expect([agent, score, termination?.reason]).toEqual([agent, 1, 'finished'])
      }
      // The judge was content with what it said; it acted otherwise.
      if (id.startsWith('er')) expect(trialOf('wrong-words', id).verdict!.judgeScore).toBe(4)
    })

    it.runIf(group.includes('si_003'))(
      'a program is improved over three scenarios, one after the other',
      () => {
        const { checks } = trialOf('reference', 'si_003').verdict!
        const measured = checks.find(({ name }) => name === 'performance_comparison.execution_time_ms')
        expect(measured).toMatchObject({ ok: true, found: expect.stringMatching(/^\+79\.7/) })
      },
    )
  },
)
