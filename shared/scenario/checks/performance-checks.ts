import type { CollectedEvent } from '../collected-event.ts'
import { type TestResults, testResultsSchema } from '../measurement.ts'
import { valuesAt } from '../read-path.ts'
import { mean } from '../statistics/spread.ts'
import { welchProbability } from '../statistics/welch.ts'
import type { TrialEvents } from '../trial-events.ts'
import type { Check, CheckKind } from '../verdict.ts'
import type { CheckContext } from './context.ts'
import { isWithin } from './resource-checks.ts'

type Direction = 'lower' | 'higher'

interface Measured {
  eventId: string | null
  baseline: NonNullable<TestResults['baseline']>
  modified: NonNullable<TestResults['modified']>
}

export interface PerformanceChecks {
  checks: Check[]
  /** No metric that was compared is worse than before; null: none was compared. */
  noRegression: boolean | null
}

/** Whether the changed program is as much better as it must be, by what the platform measured last. */
export function checkPerformance({ scenario, trial }: CheckContext): PerformanceChecks {
  const { validation } = scenario
  const measured = lastMeasured(trial)
  const check = (kind: CheckKind, name: string, ok: boolean, lookedFor: string, found: string): Check => ({
    name,
    kind,
    ok: ok && measured.eventId !== null,
    lookedFor,
    found: measured.eventId === null ? 'the platform measured nothing' : found,
    decidedBy: measured.eventId === null ? [] : [measured.eventId],
  })
  const checks: Check[] = []
  const improvements: (number | null)[] = []

  const { statistical_significance: significance } = validation
  const compared = Object.entries(validation.performance_comparison?.metrics ?? {})
  for (const [metric, { better, improvement }] of compared) {
    const gain = improvementOf(measured, metric, better)
    improvements.push(gain)
    const asked = improvement ?? '>= 0%'
    const name = `performance_comparison.${metric}`
    const lookedFor = `${metric} (${better} is better) improved ${asked}`
    checks.push(check('performance_comparison', name, reaches(gain, asked), lookedFor, describeGain(gain)))
  }
  if (significance !== undefined) {
    for (const [metric, { better, improvement }] of compared) {
      if (improvement === undefined) continue
      const { num_trials: trials, confidence_level: confidence } = significance
      const [before, after] = [samples(measured.baseline, metric), samples(measured.modified, metric)]
      const isEnough = before.length >= trials && after.length >= trials
      const probability =
        better === 'lower' ? welchProbability(before, after) : welchProbability(after, before)
      const isShown = isEnough && probability !== null && probability <= 1 - confidence
      const told = probability === null ? 'unknown' : Number(probability.toPrecision(6))
      checks.push(
        check(
          'statistical_significance',
          `statistical_significance.${metric}`,
          isShown,
          `${metric}: at least ${trials} runs of each, no accident at ${confidence}`,
          `${before.length} and ${after.length} runs, p = ${told}`,
        ),
      )
    }
  }

  const { improvement_validation: target } = validation
  if (target !== undefined) {
    const values = samples(measured.modified, target.metric)
    const value = values.length === 0 ? null : mean(values)
    checks.push(
      check(
        'improvement_validation',
        'improvement_validation',
        isWithin(value === null ? null : roundMetric(value), target.target),
        `mean ${target.metric} ${target.target}, from ${target.baseline}`,
        value === null ? 'it was not measured' : `${roundMetric(value)}`,
      ),
    )
  }

  const { performance_validation: weighed } = validation
  if (weighed !== undefined) {
    const gains = Object.entries(weighed.objectives).map(([metric, { weight, better }]) => ({
      metric,
      weight,
      gain: improvementOf(measured, metric, better),
    }))
    improvements.push(...gains.map(one => one.gain))
    const isKnown = gains.every(one => one.gain !== null)
    const sum = isKnown ? gains.reduce((all, { weight, gain }) => all + weight * gain!, 0) : null
    const told = gains.map(({ metric, gain }) => `${metric} ${describeGain(gain)}`).join(', ')
    checks.push(
      check(
        'performance_validation',
        'performance_validation.weighted_score',
        reaches(sum, weighed.weighted_score_improvement),
        `the weighed improvement ${weighed.weighted_score_improvement}`,
        `${describeGain(sum)}: ${told}`,
      ),
    )
    if (weighed.no_objective_regression) {
      const isNoWorse = gains.every(({ gain }) => reaches(gain, '>= 0%'))
      checks.push(
        check(
          'performance_validation',
          'performance_validation.no_regression',
          isNoWorse,
          'no objective worse',
          told,
        ),
      )
    }
  }
  const noRegression = improvements.length === 0 ? null : improvements.every(gain => reaches(gain, '>= 0%'))
  return { checks, noRegression }
}

/** What the platform measured last, in a change that it applied or a test that it ran for the agent. */
function lastMeasured({ events, agent }: TrialEvents): Measured {
  for (const event of events.toReversed()) {
    if (event.agent_id !== agent) continue
    const read = testResultsSchema.safeParse(resultsIn(event))
    if (!read.success || read.data.baseline === undefined || read.data.modified === undefined) continue
    return { eventId: event.event_id, baseline: read.data.baseline, modified: read.data.modified }
  }
  return { eventId: null, baseline: [], modified: [] }
}

function resultsIn(event: CollectedEvent): unknown {
  if (event.type === 'code_change_applied') return valuesAt(event.data, 'test_results')[0]
  const isRun = event.type === 'tool_call_completed' && valuesAt(event.data, 'tool_name')[0] === 'test.run'
  return isRun ? valuesAt(event.data, 'response')[0] : undefined
}

function samples(runs: readonly Record<string, number>[], metric: string): number[] {
  return runs.flatMap(run =>
    Object.hasOwn(run, metric) && Number.isFinite(run[metric]) ? [run[metric]!] : [],
  )
}

/** How much better the mean is, a fraction of what it was; null: not known of every run, or it was zero. */
function improvementOf({ baseline, modified }: Measured, metric: string, better: Direction): number | null {
  const [before, after] = [samples(baseline, metric), samples(modified, metric)]
  const isWhole = before.length === baseline.length && after.length === modified.length
  if (!isWhole || before.length === 0 || after.length === 0) return null
  const [was, is] = [mean(before), mean(after)]
  if (was === is) return 0
  if (was === 0) return null
  const change = (is - was) / Math.abs(was)
  return better === 'lower' ? -change : change
}

/** Rounded, so that a mean of decimals such as 0.1 compares as what it is. */
function roundMetric(value: number): number {
  return Number(value.toPrecision(12))
}

function reaches(gain: number | null, percent: string): boolean {
  if (gain === null) return false
  const [, operator, asked] = /^(>=?) ?([\d.]+)%$/.exec(percent) ?? []
  const gained = roundMetric(gain * 100)
  return operator === '>=' ? gained >= Number(asked) : gained > Number(asked)
}

function describeGain(gain: number | null): string {
  return gain === null ? 'unknown' : `${gain >= 0 ? '+' : ''}${Number((gain * 100).toPrecision(6))}%`
}
