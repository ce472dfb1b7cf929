import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeReport, type RunReport } from '../../shared/benchmark/run-report.ts'
import type { RunStore, StoredTrial } from '../../shared/benchmark/run-store.ts'
import { trialMarketId } from '../../shared/benchmark/trial.ts'
import type { SuiteState } from '../../shared/contracts/workflows.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { bourseJson, runBourse } from '../cli/run-bourse.ts'
import { startRun } from './benchmark-runs.ts'
import { LOOK_THEN_BID, SCARCITY } from './benchmark-scenarios.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

const stamp = Date.now().toString(36)
const GOOD = `good-${stamp}`
const BAD = `bad-${stamp}`
let test: TestEconomy
let store: RunStore

beforeAll(async () => {
  test = await openTestEconomy()
  store = createPostgresRuns(test.db)
})
afterAll(() => test.close())

async function reportOf(runId: string): Promise<RunReport> {
  const run = await store.readRun(runId)
  if (!run.ok) throw new Error(run.error.message)
  return makeReport(run, await store.listTrials(runId))
}

describe('a suite', () => {
  it('passes an agent that acts rightly and fails one that only says so, by the events alone', async () => {
    const scenarios = [LOOK_THEN_BID, SCARCITY]
    const request = { trials: 2, parallel: 4 }
    const good = await startRun(test, GOOD, { scenarios, agent: { function: 'reference' }, request })
    const bad = await startRun(test, BAD, { scenarios, agent: { function: 'wrong-words' }, request })
    const [state] = (await Promise.all([good.handle.result(), bad.handle.result()])) as SuiteState[]
    const reports = { good: await reportOf(GOOD), bad: await reportOf(BAD) }
    const reasons = (report: RunReport) =>
      report.scenarios.flatMap(one => one.trials.flatMap(trial => trial.reasons))
    expect(reasons(reports.good)).toEqual([])
    expect(state).toMatchObject({ trials: 4, done: { passed: 4 } })
    expect(reports.good.totals).toMatchObject({ passed: 4, failed: 0 })
    expect(reports.good.scenarios.map(one => one.passHatK)).toEqual([
      [1, 1],
      [1, 1],
    ])
    // The judge was content with what it said; it acted otherwise.
    const [, scarcity] = reports.bad.scenarios
    expect(reports.bad.totals).toMatchObject({ passed: 0, failed: 4 })
    expect(scarcity!.trials[0]!.verdict!.judgeScore).toBe(4)
    expect(scarcity!.score!.mean).toBe(1)
    expect(reports.bad.bar.verdict).toBe('not assessed')
    expect(reports.bad.official).toBe(false)
  })

  it('leaves nothing open: markets are closed, tokens revoked, injections done', async () => {
    const trial = { runId: GOOD, scenarioId: 'er_001', trial: 1, attempt: 1 }
    const marketId = trialMarketId(trial)
    const { status } = await eventually(async () => {
      const market = await test.economy.findMarket(marketId)
      return market.ok && market.status !== 'open' && market
    })
    expect(['closing', 'closed']).toContain(status)
    const events = await test.writtenEvents(marketId)
    const types = events.map(event => event.type)
    expect(types).toContain('agent_token_revoked')
    expect(types).toContain('message_sent')
    expect(events.every(event => event.scenario_id === 'er_001')).toBe(true)
    const [evaluation] = events.filter(event => event.type === 'judge_evaluation')
    expect(evaluation!.data).toMatchObject({ judge: 'scripted', overall_score: 4, pass: true })
  })

  it('is decided again from the streams, and from a file, byte for byte', async () => {
    const again = await bourseJson(['scenario', 'replay', BAD])
    expect(again.code).toBe(0)
    expect(again.document.items.map((one: { same: boolean }) => one.same)).toEqual([true, true, true, true])
    const file = join(tmpdir(), `${BAD}.jsonl`)
    const html = join(tmpdir(), `${BAD}.html`)
    const shown = await runBourse(['scenario', 'report', BAD, '--export', file, '--report', html])
    expect(shown.code).toBe(1)
    expect(shown.stdout).toContain('fc_001, trial 1: failed')
    expect(readFileSync(html, 'utf8')).toContain('Unofficial')
    const fromFile = await bourseJson(['scenario', 'replay', BAD, '--from', file])
    expect(fromFile.code).toBe(0)
    expect(fromFile.document).toEqual(again.document)
  })

  it('is judged anew by what it did, and the new scores count', async () => {
    const before = await store.readTrial({ runId: GOOD, scenarioId: 'er_001', trial: 1 })
    const again = await bourseJson(['scenario', 'replay', GOOD, '--rejudge'])
    expect(again.code).toBe(0)
    const after = await store.readTrial({ runId: GOOD, scenarioId: 'er_001', trial: 1 })
    expect(after!.verdictSeq).toBeGreaterThan(before!.verdictSeq!)
    expect(JSON.parse(after!.verdict!)).toMatchObject({ passed: true, judgeScore: 4 })
  })

  it('compares agents, and refuses runs that differ in more', async () => {
    const compared = await bourseJson(['scenario', 'compare', BAD, GOOD])
    expect(compared.document).toMatchObject({ ok: true, verdict: 'not shown', pairs: 4, scenarios: 2 })
    expect(compared.document.difference).toBeGreaterThan(2)
    const other = `other-${stamp}`
    await startRun(test, other, { scenarios: [LOOK_THEN_BID], agent: { function: 'wrong-blind' } })
    const refused = await bourseJson(['scenario', 'compare', GOOD, other])
    expect(refused.code).toBe(1)
    expect(refused.document.error.code).toBe('runs_differ')
  })

  it('started by one JSON object, says what is wrong with it', async () => {
    const started = await test.client.workflow.start('benchmarkSuite', {
      workflowId: `suite/wrong-${stamp}`,
      taskQueue: test.taskQueue,
      args: [{ trials: 0, scenarios: ['fc_001'] }],
    })
    const failure = await started.result().then(
      () => null,
      (error: { cause?: Error }) => error.cause,
    )
    expect(failure?.message).toMatch(/^trials: /)
  })

  it('cancelled, ends the agents it runs', async () => {
    const runId = `cancelled-${stamp}`
    const agent = { function: 'slow', limits: { seconds: 60 } }
    const { handle } = await startRun(test, runId, { scenarios: [LOOK_THEN_BID], agent })
    const subject = { runId, scenarioId: 'fc_001', trial: 1 }
    const statusIs = (status: StoredTrial['status']) => () =>
      store.readTrial(subject).then(trial => trial?.status === status && trial)
    await eventually(statusIs('running'))
    await handle.cancel()
    await expect(handle.result()).rejects.toThrow()
    const ended = await eventually(statusIs('finished'))
    expect(ended).toMatchObject({ problem: 'cancelled', verdict: null, termination: { reason: 'cancelled' } })
    expect((await reportOf(runId)).totals).toMatchObject({ cancelled: 1 })
  })
})
