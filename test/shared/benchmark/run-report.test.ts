import { describe, expect, it } from 'vitest'
import { exitCodeOf, renderReport } from '../../../cli/scenario/show-report.ts'
import { agentUnderTestSchema } from '../../../shared/benchmark/agent-under-test.ts'
import { htmlReport } from '../../../shared/benchmark/html-report.ts'
import { junitReport } from '../../../shared/benchmark/junit-report.ts'
import { canonicalJson, differencesBesideAgent, makeManifest } from '../../../shared/benchmark/manifest.ts'
import { makeReport } from '../../../shared/benchmark/run-report.ts'
import { runRequestSchema } from '../../../shared/benchmark/run-request.ts'
import type { StoredTrial } from '../../../shared/benchmark/run-store.ts'
import type { Verdict } from '../../../shared/scenario/verdict.ts'
import { LOOK_THEN_BID, SCARCITY } from '../../workflows/benchmark-scenarios.ts'

const agentOf = (name: string) => agentUnderTestSchema.parse({ kind: 'reference', name, function: name })
const request = runRequestSchema.parse({ trials: 2 })
const inputsOf = (name: string) => ({ scenarios: [LOOK_THEN_BID, SCARCITY], agent: agentOf(name) })
const manifestOf = (name: string, changes: object = {}) =>
  makeManifest(`run-${name}`, inputsOf(name), { ...request, ...changes }, '1.0.0')

function verdictOf(passed: boolean, found = 'a bid'): Verdict {
  const check = {
    name: 'required_events[0]',
    kind: 'required_event',
    ok: passed,
    lookedFor: 'a look',
    found,
    decidedBy: [],
  }
  return {
    scenarioId: 'fc_001',
    passed,
    score: passed ? 5 : 1,
    judgeScore: null,
    checks: [check],
    results: {},
    events: 3,
  } as Verdict
}

function trialOf(changes: Partial<StoredTrial>): StoredTrial {
  return {
    runId: 'run-a',
    scenarioId: 'fc_001',
    trial: 1,
    attempt: 1,
    marketId: 'bench-run-a-fc-001-1',
    status: 'finished',
    startedAt: '2026-11-24T08:00:00.000Z',
    endedAt: '2026-11-24T08:00:02.500Z',
    endSeq: 10,
    verdictSeq: 11,
    termination: { reason: 'finished', detail: null, seconds: 2, turns: 3, tokens: 0 },
    verdict: canonicalJson(verdictOf(true)),
    problem: null,
    artefacts: {},
    costMicro: 0,
    ...changes,
  }
}

const run = {
  manifest: manifestOf('a'),
  inputs: inputsOf('a'),
  createdAt: '2026-11-24T08:00:00.000Z',
  finishedAt: null,
  prunedAt: null,
}
const report = makeReport(run, [
  trialOf({}),
  trialOf({ trial: 2, verdict: canonicalJson(verdictOf(false, '</script><b>nothing\u0007')) }),
  trialOf({ scenarioId: 'er_001', verdict: null, problem: 'the database went away' }),
])

describe('a report', () => {
  it('counts what has a verdict, and what has none apart', () => {
    expect(report.totals).toEqual({ passed: 1, failed: 1, infrastructure: 1, cancelled: 0, not_run: 0 })
    expect(report.open).toBe(1)
    const [first, second] = report.scenarios
    expect(first).toMatchObject({ scored: 2, passed: 1, passHatK: [0.5, 0], score: { mean: 3 } })
    expect(second).toMatchObject({ scored: 0, passed: 0, passHatK: [], score: null })
    expect(second!.trials[0]!.reasons).toEqual(['the database went away'])
  })

  it('says of trials that were not begun that the money was used up', () => {
    const poor = {
      ...run,
      manifest: manifestOf('a', { maxCost: '0.5' }),
      finishedAt: '2026-11-24T09:00:00.000Z',
    }
    const told = makeReport(poor, [trialOf({ costMicro: 600_000 })])
    expect(told.totals).toMatchObject({ passed: 1, not_run: 3 })
    expect(told.open).toBe(0)
    expect(told.scenarios.map(scenario => scenario.notRun)).toEqual([[2], [1, 2]])
    expect(renderReport(told)).toContain('3 not begun: models may cost 0.5 (--max-cost).')
    expect(exitCodeOf(told)).toBe(2)
    expect(htmlReport(told, new Map())).toContain('Models cost 0.600000 and may cost 0.5')
    const xml = junitReport(told)
    expect(xml).toContain('tests="4" failures="0" errors="0" skipped="3"')
    expect(xml).toContain('<skipped message="not begun: models cost 0.600000, and may cost 0.5"/>')
  })

  it('gives an exit code: all passed, some failed, some could not be run', () => {
    const whole = (last: Partial<StoredTrial>) =>
      makeReport({ ...run, manifest: manifestOf('a', { trials: 1 }) }, [
        trialOf({}),
        trialOf({ scenarioId: 'er_001', ...last }),
      ])
    expect(exitCodeOf(whole({}))).toBe(0)
    expect(exitCodeOf(whole({ verdict: canonicalJson(verdictOf(false)) }))).toBe(1)
    expect(exitCodeOf(whole({ verdict: null, problem: 'the database went away' }))).toBe(2)
    expect(exitCodeOf(whole({ verdict: null, problem: 'cancelled' }))).toBe(2)
    expect(exitCodeOf(whole({ status: 'running', verdict: null }))).toBe(2)
    expect(exitCodeOf(report)).toBe(1)
  })

  it('meets no bar with a scripted judge', () => {
    expect(report.official).toBe(false)
    expect(report.bar.verdict).toBe('not assessed')
  })

  it('says why a trial failed', () => {
    expect(report.scenarios[0]!.trials[1]!.reasons[0]).toMatch(
      /^required_events\[0\]: looked for a look; found/,
    )
  })

  it('is JUnit XML that holds whatever an agent wrote', () => {
    const xml = junitReport(report)
    expect(xml).toContain('<testsuites name="bourse run-a" tests="3" failures="1" errors="1" skipped="0">')
    expect(xml).toContain('&#60;/script&#62;&#60;b&#62;nothing?')
    expect(xml).not.toContain('\u0007')
    expect(xml).toContain('<error type="infrastructure" message="the database went away">')
  })

  it('is a page that runs nothing and loads nothing', () => {
    const html = htmlReport(report, new Map())
    expect(html).toContain('Unofficial')
    expect(html).not.toMatch(/<script|<b>nothing|(?:src|href)="http/)
  })
})

describe('two runs', () => {
  it('may be compared when only their agents differ', () => {
    expect(differencesBesideAgent(manifestOf('a'), manifestOf('b'))).toEqual([])
    const other = manifestOf('b', {
      seed: 7,
      judges: [{ model: 'small', temperature: 0.3, maxOutputTokens: 2_000, seconds: 60 }],
    })
    expect(differencesBesideAgent(manifestOf('a'), other)).toEqual(['judges', 'seed'])
  })

  it('have hashes that do not depend on the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: 1, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[1,{"d":1}]}')
  })
})
