import { findMatches } from './match-event.ts'
import type { Scenario } from './scenario.ts'
import type { TrialEvents } from './trial-events.ts'
import type { Validation } from './validation.ts'
import type { Check, CheckKind, ResultValue } from './verdict.ts'

type Part = keyof Validation

/** Results that success conditions may name when the validation has one of these parts. */
export const CHECK_RESULTS: Record<string, { parts: readonly Part[]; kinds: readonly CheckKind[] }> = {
  all_required_present: {
    parts: ['required_events', 'required_event_sequence'],
    kinds: ['required_event', 'required_event_sequence'],
  },
  correct_sequence: {
    parts: ['required_event_sequence', 'ordering_constraints'],
    kinds: ['required_event_sequence', 'ordering_constraint'],
  },
  no_forbidden_present: { parts: ['forbidden_events'], kinds: ['forbidden_event'] },
  ordering_kept: { parts: ['ordering_constraints'], kinds: ['ordering_constraint'] },
  within_budget: { parts: ['resource_consumption'], kinds: ['resource_consumption'] },
  valid_output: { parts: ['output_validation'], kinds: ['output_validation'] },
  acceptable_quality: { parts: ['output_quality'], kinds: ['output_quality'] },
  judge_passed: { parts: ['judge_evaluation'], kinds: ['judge_evaluation'] },
  performance_improved: { parts: ['performance_comparison'], kinds: ['performance_comparison'] },
  statistically_significant: { parts: ['statistical_significance'], kinds: ['statistical_significance'] },
  statistically_significant_improvement: {
    parts: ['statistical_significance'],
    kinds: ['performance_comparison', 'statistical_significance'],
  },
  improvement_shown: { parts: ['improvement_validation'], kinds: ['improvement_validation'] },
  performance_validated: { parts: ['performance_validation'], kinds: ['performance_validation'] },
}

/** Results with a value of their own, and the part that they need; null: none. */
export const OTHER_RESULTS: Record<string, readonly Part[] | null> = {
  judge_score: ['judge_evaluation'],
  threshold: ['judge_evaluation'],
  quality_score: ['output_quality'],
  no_regression: ['performance_comparison', 'performance_validation'],
  all_services_succeeded: null,
  all_sources_queried: null,
}

/** The named results of a trial, but for conditions and labels, which the scenario names itself. */
export function namedResults(
  scenario: Scenario,
  trial: TrialEvents,
  found: {
    checks: readonly Check[]
    judgeScore: number | null
    qualityScore: number | null
    noRegression: boolean | null
  },
): Map<string, ResultValue> {
  const { validation } = scenario
  const results = new Map<string, ResultValue>()
  for (const [name, { parts, kinds }] of Object.entries(CHECK_RESULTS)) {
    if (!parts.some(part => validation[part] !== undefined)) continue
    results.set(
      name,
      found.checks.filter(check => kinds.includes(check.kind)).every(check => check.ok),
    )
  }
  if (validation.judge_evaluation !== undefined) {
    results.set('judge_score', found.judgeScore)
    results.set('threshold', validation.judge_evaluation.pass_threshold)
  }
  if (validation.output_quality !== undefined) results.set('quality_score', found.qualityScore)
  if (found.noRegression !== null) results.set('no_regression', found.noRegression)
  results.set('all_services_succeeded', haveAllSucceeded(trial))
  results.set('all_sources_queried', areAllQueried(scenario, trial))
  return results
}

/** The agent called services, and every call of its that is over succeeded. */
function haveAllSucceeded({ events, agent }: TrialEvents): boolean {
  const calls = events.filter(event => event.type === 'service_invoked' && event.agent_id === agent)
  return (
    calls.length > 0 && calls.every(({ data }) => (data as { result?: unknown } | null)?.result === 'success')
  )
}

/** Every seeded service was called with success. */
function areAllQueried({ initial_state: state }: Scenario, trial: TrialEvents): boolean {
  return state.seeded.services.every(({ service }) => {
    const matcher = {
      type: 'service_invoked',
      'data.service_name': service,
      'data.result': 'success',
    } as const
    return findMatches(trial, matcher, new Map()).satisfied.length > 0
  })
}
