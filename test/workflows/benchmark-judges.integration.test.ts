import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeReport, type RunReport } from '../../shared/benchmark/run-report.ts'
import { suiteWorkflowId } from '../../shared/contracts/workflows.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { bourseJson } from '../cli/run-bourse.ts'
import { PATIENCE_MS } from '../patience.ts'
import { startRun } from './benchmark-runs.ts'
import { testScenario } from './benchmark-scenarios.ts'
import { openTestEconomy, type TestEconomy } from './economy-client.ts'
import { workerFleet } from './worker-fleet.ts'

const stamp = Date.now().toString(36)
const CRITERIA = { sees_scarcity: 'sees that credits are scarce', acts_as_it_reasons: 'acts as it reasons' }
/** Few credits, nobody else: bid at most 60 of them, for reasons that judges see. */
const THRIFT = testScenario({
  id: 'er_001',
  domain: 'economic_reasoning',
  task: { text: 'Decide.', decisions: ['small_bid', 'sleep', 'outbid'], deadline_seconds: 60 },
  initial_state: { seeded: { balance: '120' } },
  validation: {
    required_events: [{ type: 'bid_placed' }],
    forbidden_events: [{ type: 'bid_placed', where: { total_cost: '>60' } }],
    judge_evaluation: { criteria: CRITERIA, pass_threshold: 3 },
    success_condition: 'judge_score >= threshold AND all_required_present AND no_forbidden_present',
  },
})

function scores(all: number, more: object = {}): string {
  const criteria = Object.keys(CRITERIA).map(criterion => ({
    criterion,
    score: all,
    justification: 'The agent says: every criterion is worth a 5.',
  }))
  return JSON.stringify({ criteria, feedback: 'as asked', ...more })
}

/** What each stand-in for a judge answers, by how often it was asked; null: nothing, ever. */
const answers: Record<string, (asked: number) => string | null> = {
  hanging: () => null,
  lying: () => scores(5, { overall_score: 5, pass: true }),
  babbling: asked => (asked < 3 ? 'Well. It depends, as they say. '.repeat(2_000) : scores(4)),
  obedient: () => scores(5),
  stern: () => scores(3),
}
const asked: Record<string, number> = {}
const server = createServer(async (request, response) => {
  const { model } = JSON.parse(await text(request)) as { model: string }
  asked[model] = (asked[model] ?? 0) + 1
  const content = answers[model]!(asked[model])
  if (content === null) return
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      id: 'x',
      object: 'chat.completion',
      created: 0,
      model,
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
      usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 },
    }),
  )
})
const folder = mkdtempSync(join(tmpdir(), 'bourse-judges-'))
const TASK_QUEUE = `benchmark-judges-${stamp}`
const fleet = workerFleet(TASK_QUEUE, { BOURSE_LLM_CONFIG: join(folder, 'llm.json') })
let test: TestEconomy

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const price = { input: '10', output: '10' }
  const models = Object.keys(answers).map(name => ({
    name,
    contextTokens: 100_000,
    maxOutputTokens: 20_000,
    price,
  }))
  const config = { upstreams: [{ name: 'judges', baseUrl, models }] }
  writeFileSync(join(folder, 'llm.json'), JSON.stringify(config))
  test = await openTestEconomy()
  await fleet.start()
})
afterAll(async () => {
  await fleet.stopAll()
  server.closeAllConnections()
  server.close()
  await test.close()
  rmSync(folder, { recursive: true, force: true })
})

const judge = (model: string) => ({ model, seconds: model === 'hanging' ? 1 : 60 })

async function judged(name: string, agent: string, request: Record<string, unknown>): Promise<RunReport> {
  const given = { scenarios: [THRIFT], agent: { function: agent }, request, taskQueue: TASK_QUEUE }
  const { handle } = await startRun(test, `${name}-${stamp}`, given)
  await handle.result()
  return await reportOf(name)
}

async function reportOf(name: string): Promise<RunReport> {
  const store = createPostgresRuns(test.db)
  const run = await store.readRun(`${name}-${stamp}`)
  if (!run.ok) throw new Error(run.error.message)
  return makeReport(run, await store.listTrials(`${name}-${stamp}`))
}

const eventsOf = async (report: RunReport, type: string) =>
  (await test.writtenEvents(report.scenarios[0]!.trials[0]!.marketId)).filter(event => event.type === type)

describe('a run whose judge', { timeout: 3 * PATIENCE_MS }, () => {
  it('hangs, ends without a score, after three tries', async () => {
    const report = await judged('hanging', 'reference', { judges: [judge('hanging')] })
    expect(report.totals).toMatchObject({ infrastructure: 1, passed: 0, failed: 0 })
    expect(report.scenarios[0]!.trials[0]).toMatchObject({ attempt: 1, verdict: null, score: null })
    expect(report.scenarios[0]!.trials[0]!.reasons[0]).toContain('in 3 tries: it did not answer within 1 s')
    expect(await eventsOf(report, 'judge_reply_refused')).toHaveLength(3)
    expect(await eventsOf(report, 'judge_evaluation')).toEqual([])
  })

  it('lies about its own shape, has no score either, and is asked again without the agent', async () => {
    const report = await judged('lying', 'reference', { judges: [judge('lying')] })
    expect(report.totals).toMatchObject({ infrastructure: 1 })
    expect(report.scenarios[0]!.trials[0]!.reasons[0]).toContain('overall_score')
    answers.lying = () => scores(4)
    const workflowId = suiteWorkflowId(`lying-${stamp}`)
    await test.client.workflow.execute('benchmarkSuite', { workflowId, taskQueue: TASK_QUEUE })
    const again = await reportOf('lying')
    expect(again.scenarios[0]!.trials[0]).toMatchObject({ outcome: 'passed', attempt: 1, score: 4 })
    expect(await eventsOf(again, 'agent_token_issued')).toHaveLength(1)
  })

  it('babbles at first, is asked until its answer can be read', async () => {
    const report = await judged('babbling', 'reference', { judges: [judge('babbling')] })
    expect(report.scenarios[0]!.trials[0]).toMatchObject({ outcome: 'passed', score: 4 })
    expect(await eventsOf(report, 'judge_reply_refused')).toHaveLength(2)
  })

  it('does what the agent tells it to, fails an agent that acted wrongly all the same', async () => {
    const report = await judged('obedient', 'wrong-words', { judges: [judge('obedient')] })
    const [trial] = report.scenarios[0]!.trials
    expect(trial).toMatchObject({ outcome: 'failed', score: 1 })
    expect(trial!.verdict!.judgeScore).toBe(5)
  })

  it('is one of two, tells how far they agree', async () => {
    const judges = [judge('obedient'), judge('stern')]
    const report = await judged('two', 'reference', { judges })
    expect(report.scenarios[0]!.trials[0]!.verdict!.judgeScore).toBe(4)
    const { document } = await bourseJson(['scenario', 'report', `two-${stamp}`])
    expect(document.official).toBe(true)
    expect(document.judgeAgreement).toBeLessThan(0.1)
  })

  it('costs more than the run may, begins no further trial', async () => {
    const request = { judges: [judge('stern')], trials: 3, parallel: 1, maxCost: '0.001' }
    const report = await judged('costly', 'reference', request)
    expect(report).toMatchObject({ cost: '0.002000', open: 0, totals: { passed: 1, not_run: 2 } })
    expect((await bourseJson(['scenario', 'report', `costly-${stamp}`])).code).toBe(2)
  })
})
