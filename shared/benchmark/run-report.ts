import type { BourseEvent } from '../events/envelope.ts'
import { formatMoney } from '../llm/money.ts'
import { type MeanInterval, meanInterval } from '../scenario/statistics/mean-interval.ts'
import { passHatK } from '../scenario/statistics/pass-hat-k.ts'
import { assessBar, type BarVerdict } from '../scenario/statistics/passing-bar.ts'
import type { Check, Verdict } from '../scenario/verdict.ts'
import { restsOnWordsAlone } from '../scenario/words-alone.ts'
import { type AgentUnderTest, isCostKnown } from './agent-under-test.ts'
import { resultOf } from './benchmark-runs.ts'
import { judgeAgreement } from './judge-agreement.ts'
import type { RunManifest } from './manifest.ts'
import type { StoredRun, StoredTrial } from './run-store.ts'
import type { Termination, TrialOutcome } from './trial.ts'

export interface TrialReport {
  trial: number
  attempt: number
  marketId: string
  outcome: TrialOutcome
  score: number | null
  termination: Termination | null
  /** Why it failed, or why there is no verdict; empty when it passed. */
  reasons: string[]
  verdict: Verdict | null
  seconds: number | null
  /** What models cost; `unknown`: nobody said what the agent's own model costs. */
  cost: string
}

export interface ScenarioReport {
  id: string
  domain: string
  name: string
  trials: TrialReport[]
  /** Trials that were not begun, since the models had cost as much as they may. */
  notRun: number[]
  /** Trials with a verdict; the others count nowhere. */
  scored: number
  passed: number
  /** The chance that k trials all pass, by k from 1. */
  passHatK: number[]
  score: MeanInterval | null
}

/** A run as it is told, in whatever form. */
export interface RunReport {
  runId: string
  /** False: a scripted judge scored, and nothing here is a claim about the agent. */
  official: boolean
  manifest: RunManifest
  createdAt: string
  finishedAt: string | null
  /** When its markets were removed; null: they are kept. */
  prunedAt: string | null
  totals: Record<TrialOutcome, number>
  /** Trials of the run that were not begun, or are not over. */
  open: number
  scenarios: ScenarioReport[]
  bar: BarVerdict
  /** Krippendorff's alpha of several judges; null: one judge, or nothing that tells. */
  judgeAgreement: number | null
  cost: string
}

const REASONS_MAX = 5

/** Makes the report of a run from what was stored of it; `judged`: the events of its trials, where several judges judged. */
export function makeReport(
  { manifest, inputs, createdAt, finishedAt, prunedAt }: StoredRun,
  trials: readonly StoredTrial[],
  judged: Iterable<readonly BourseEvent[]> = [],
): RunReport {
  const trialNumbers = Array.from({ length: manifest.trials }, (_, place) => place + 1)
  const scenarios = inputs.scenarios.map(({ id, domain, name }) => {
    const told = trials
      .filter(trial => trial.scenarioId === id && trial.status === 'finished')
      .map(trial => reportTrial(trial, inputs.agent))
      .toSorted((a, b) => a.trial - b.trial)
    const scored = told.filter(trial => trial.verdict !== null)
    const passed = scored.filter(trial => trial.outcome === 'passed').length
    return {
      id,
      domain,
      name,
      trials: told,
      notRun:
        finishedAt === null || manifest.maxCost === null
          ? []
          : trialNumbers.filter(number => !told.some(one => one.trial === number)),
      scored: scored.length,
      passed,
      passHatK: scored.map((_, place) => passHatK(scored.length, passed, place + 1)!),
      score: meanInterval(scored.map(trial => trial.score!)),
    }
  })
  const all = scenarios.flatMap(scenario => scenario.trials)
  const totals: RunReport['totals'] = { passed: 0, failed: 0, infrastructure: 0, cancelled: 0, not_run: 0 }
  for (const { outcome } of all) totals[outcome] += 1
  for (const { notRun } of scenarios) totals.not_run += notRun.length
  const wordsAlone = new Set(inputs.scenarios.filter(restsOnWordsAlone).map(({ id }) => id))
  const bar = assessBar(
    scenarios.map(({ id, domain, trials }) => ({
      scenarioId: id,
      domain,
      origin: inputs.origins?.[id] ?? 'standard',
      restsOnWords: domain === 'economic_reasoning' && wordsAlone.has(id),
      trials: trials
        .filter(trial => trial.verdict !== null)
        .map(trial => ({ passed: trial.outcome === 'passed', score: trial.score! })),
    })),
    { official: manifest.official },
  )
  const costMicro = trials.reduce((sum, trial) => sum + trial.costMicro, 0)
  return {
    runId: manifest.runId,
    official: manifest.official,
    manifest,
    createdAt,
    finishedAt,
    prunedAt,
    totals,
    open: inputs.scenarios.length * manifest.trials - all.length - totals.not_run,
    scenarios,
    bar,
    judgeAgreement: judgeAgreement(judged),
    cost: isCostKnown(inputs.agent) ? formatMoney(BigInt(costMicro)) : 'unknown',
  }
}

function reportTrial(stored: StoredTrial, agent: AgentUnderTest): TrialReport {
  const { outcome, score } = resultOf(stored)
  const verdict = stored.verdict === null ? null : (JSON.parse(stored.verdict) as Verdict)
  const { startedAt, endedAt, termination } = stored
  return {
    trial: stored.trial,
    attempt: stored.attempt,
    marketId: stored.marketId,
    outcome,
    score,
    termination,
    reasons: verdict === null ? [stored.problem ?? 'no verdict'] : reasonsOf(verdict, termination),
    verdict,
    seconds:
      startedAt === null || endedAt === null ? null : (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000,
    cost: isCostKnown(agent) ? formatMoney(BigInt(stored.costMicro)) : 'unknown',
  }
}

/** The checks that failed, in words, and how the agent's time ended if it was cut off. */
function reasonsOf({ passed, checks }: Verdict, termination: Termination | null): string[] {
  if (passed) return []
  const failed = checks.filter(check => !check.ok)
  const told = failed.slice(0, REASONS_MAX).map(describeCheck)
  if (failed.length > REASONS_MAX) told.push(`and ${failed.length - REASONS_MAX} more`)
  if (termination !== null && termination.reason !== 'finished') {
    const detail = termination.detail === null ? '' : `: ${termination.detail}`
    told.push(`the agent ended by ${termination.reason}${detail}`)
  }
  return told
}

function describeCheck({ name, lookedFor, found }: Check): string {
  return `${name}: looked for ${lookedFor}; found ${found}`
}
