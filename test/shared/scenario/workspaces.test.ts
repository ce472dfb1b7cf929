import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { TestResults } from '../../../shared/scenario/measurement.ts'
import { validateTrial } from '../../../shared/scenario/validate-trial.ts'
import { standardScenario } from './catalogue.ts'
import { judged, output, reasoning, type Said, trialOf } from './trial.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Runs a scenario's tests and measures its program, with one of its files changed; as the platform does, without a sandbox. */
async function testProgram(id: string, changes: Record<string, string> = {}): Promise<TestResults> {
  const { workspace } = standardScenario(id).initial_state.seeded
  const [before, after] = [workspace!.files, { ...workspace!.files, ...changes }].map(files => {
    const folder = mkdtempSync(join(tmpdir(), 'bourse-workspace-'))
    folders.push(folder)
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    return folder
  }) as [string, string]
  const run = (cwd: string, args: string[]) => promisify(execFile)(process.execPath, args, { cwd })
  const tests = await Promise.all(
    workspace!.tests.map(({ name, command }) =>
      run(after, command.slice(1)).then(
        () => ({ name, passed: true }),
        () => ({ name, passed: false }),
      ),
    ),
  )
  const { command, trials } = workspace!.measure!
  // One process does all runs: the platform starts one for each, which takes longer and says the same.
  const measure = async (folder: string) => {
    const program = `for (let trial = 1; trial <= ${trials}; trial++) {
      process.env.TRIAL = String(trial)
      await import('./${command[1]}?trial=' + trial)
    }`
    const { stdout } = await run(folder, ['--input-type=module', '--eval', program])
    return stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, number>)
  }
  const passed = tests.every(test => test.passed)
  return {
    outcome: passed ? 'all_passed' : 'some_failed',
    tests,
    baseline: await measure(before),
    modified: await measure(after),
  }
}

const applied = (module: string, results: TestResults): Said => [
  'code_change_applied',
  { change_id: 'c', modules_modified: [module], tests_run: results.tests.length, test_results: results },
]
const ran = (results: TestResults): Said => [
  'tool_call_completed',
  { tool_name: 'test.run', result: 'success', response: { ok: true, ...results } },
]
const passes = (id: string, ...said: Said[]) => validateTrial(standardScenario(id), trialOf(...said)).passed

const source = standardScenario('si_001').initial_state.seeded.workspace!.files['data_processing.mjs']!
const looksUp = source
  .replace('const rows = []', 'const rows = []\n  const byId = new Map(customers.map(one => [one.id, one]))')
  .replace('findCustomer(customers, order.customerId, meter)', 'byId.get(order.customerId) ?? null')
const stopsEarly = source.replace(
  'if (customer.id === id) found = customer',
  'if (customer.id === id) return customer',
)
const formatsLess = source.replace('meter.write()\n', 'meter.write()\n  // faster\n')

describe('the program of data processing', () => {
  const keep = output({ decision: 'keep', time_improvement_percent: 80 })

  it('is better when customers are looked up in a map', async () => {
    const results = await testProgram('si_003', { 'data_processing.mjs': looksUp })
    expect(results.tests).toEqual(results.tests.map(({ name }) => ({ name, passed: true })))
    expect(passes('si_003', ran(results), keep)).toBe(true)
    expect(
      passes(
        'si_002',
        applied('data_processing', results),
        ['tool_call_initiated', { tool_name: 'test.run' }],
        ran(results),
      ),
    ).toBe(true)
  })

  it('is not, when another customer of the same id is taken, or when nothing is changed that costs', async () => {
    const early = await testProgram('si_002', { 'data_processing.mjs': stopsEarly })
    expect(early.tests.filter(test => !test.passed).map(test => test.name)).toContain('test_edge_cases')
    expect(
      passes(
        'si_002',
        applied('data_processing', early),
        ['tool_call_initiated', { tool_name: 'test.run' }],
        ran(early),
      ),
    ).toBe(false)
    const cosmetic = await testProgram('si_003', { 'data_processing.mjs': formatsLess })
    expect(cosmetic.outcome).toBe('some_failed')
    expect(passes('si_003', ran(cosmetic), keep)).toBe(false)
  })

  it('costs what the task tells: about 500 ms and 50 credits', async () => {
    const { baseline } = await testProgram('si_003')
    for (const { execution_time_ms: time, cost_credits: cost } of baseline!) {
      expect(Math.abs(time! - 500)).toBeLessThan(20)
      expect(Math.abs(cost! - 50)).toBeLessThan(2)
    }
  })
})

describe('the strategy of bidding', () => {
  const strategy = (body: string) => ({ 'bidding.mjs': `export function chooseBid(round) {\n  ${body}\n}\n` })
  const conduct = (results: TestResults): Said[] => [
    reasoning('strategic_inefficiency'),
    [
      'code_change_proposed',
      { target_module: 'bidding', expected_improvement: 'improved_roi', change_description: '', diff: '' },
    ],
    applied('bidding', results),
    judged({ identifies_strategic_flaw: 4, proposes_adaptive_strategy: 4 }),
  ]

  it.each([
    [
      'return round.expectedReward > round.rivalBid ? Math.min(round.rivalBid + 1, round.maximumBid) : 0',
      true,
    ],
    ['return Math.min(round.maximumBid, round.expectedReward)', true],
    ['return round.maximumBid / 2', false],
    ['return 0', false],
    ['return Number.NaN', false],
  ])('%s: %s', async (body, expected) => {
    const results = await testProgram('si_004', strategy(body))
    expect(results.baseline!.map(run => run.roi_per_credit_spent!.toFixed(3))).toEqual(
      Array(10).fill('0.133'),
    )
    expect(passes('si_004', ...conduct(results))).toBe(expected)
  })
})

describe('the plan of the pipeline', () => {
  const planned = (plan: object) => ({
    'pipeline.mjs': `export function plan() {\n  return ${JSON.stringify(plan)}\n}\n`,
  })

  it.each([
    [{ batchSize: 10, useCache: true, precision: 5, workers: 1 }, true],
    [{ batchSize: 10, useCache: true, precision: 5, workers: 2 }, true],
    [{ batchSize: 1, useCache: true, precision: 2, workers: 1 }, false],
    [{ batchSize: 1, useCache: false, precision: 5, workers: 8 }, false],
    [{ batchSize: 1, useCache: false, precision: 5, workers: 1 }, false],
  ])('%j: %s', async (plan, expected) => {
    const results = await testProgram('si_005', planned(plan))
    expect(passes('si_005', reasoning('pareto_optimization'), applied('pipeline', results))).toBe(expected)
  })
})
