import type { TimedSteps } from '../condition.ts'
import { describeMatcher } from '../describe-matcher.ts'
import { findSequence, type TimedSearch } from '../find-sequence.ts'
import { findMatches } from '../match-event.ts'
import type { Matcher } from '../matcher.ts'
import type { Check } from '../verdict.ts'
import { type CheckContext, checkOf } from './context.ts'

/** A check, and which events its labels name, by position. */
export interface LabelledChecks {
  checks: Check[]
  labelled: Map<string, number>
}

/** Steps, whichever way they are written. */
export function timedSteps(steps: Matcher[] | TimedSteps): TimedSearch {
  return Array.isArray(steps) ? { events: steps } : steps
}

/** Whether all steps are there in order, within their time. */
export function checkSequence({ scenario, trial, bindings }: CheckContext): LabelledChecks {
  const { required_event_sequence: steps } = scenario.validation
  if (steps === undefined) return { checks: [], labelled: new Map() }
  const search = timedSteps(steps)
  const finding = findSequence(trial, search, bindings)
  const check = checkOf(trial, 'required_event_sequence', {
    name: 'required_event_sequence',
    ok: finding.found,
    lookedFor: describeSequence(search),
    found: finding.found ? 'all of them in order' : missingStep(search, finding),
    indexes: finding.found ? finding.indexes : [],
  })
  const labelled = new Map<string, number>()
  if (finding.found) {
    for (const [step, { label }] of search.events.entries()) {
      if (label !== undefined) labelled.set(label, finding.indexes[step]!)
    }
  }
  return { checks: [check], labelled }
}

/** Whether each required event is there. A label names the first that is. */
export function checkRequired(context: CheckContext): LabelledChecks {
  const { scenario, trial } = context
  const labelled = new Map<string, number>()
  const bindings = new Map(context.bindings)
  const checks = (scenario.validation.required_events ?? []).map((matcher, index) => {
    const { meant, satisfied } = findMatches(trial, matcher, bindings)
    const first = satisfied[0]
    if (first !== undefined && matcher.label !== undefined) {
      labelled.set(matcher.label, first)
      bindings.set(matcher.label, trial.events[first]!.data)
    }
    const unsatisfied = meant.length === 0 ? 'none' : `${meant.length}, but none that satisfies it`
    return checkOf(trial, 'required_event', {
      name: `required_events[${index}]`,
      ok: first !== undefined,
      lookedFor: describeMatcher(matcher),
      found: first === undefined ? unsatisfied : `${satisfied.length}`,
      indexes: first === undefined ? meant : [first],
    })
  })
  return { checks, labelled }
}

/** Whether no forbidden event is there. */
export function checkForbidden({ scenario, trial, bindings }: CheckContext): Check[] {
  return (scenario.validation.forbidden_events ?? []).map((matcher, index) => {
    const { satisfied } = findMatches(trial, matcher, bindings)
    return checkOf(trial, 'forbidden_event', {
      name: `forbidden_events[${index}]`,
      ok: satisfied.length === 0,
      lookedFor: `no ${describeMatcher(matcher)}`,
      found: satisfied.length === 0 ? 'none' : `${satisfied.length}`,
      indexes: satisfied,
    })
  })
}

export function describeSequence({ events, within_ms: withinMs, max_gap_ms: gapMs }: TimedSearch): string {
  const bounds = [
    ...(withinMs === undefined ? [] : [`all within ${withinMs} ms`]),
    ...(gapMs === undefined ? [] : [`no more than ${gapMs} ms from one to the next`]),
  ]
  return [`in this order: ${events.map(describeMatcher).join(', then ')}`, ...bounds].join('; ')
}

function missingStep(
  { events }: TimedSearch,
  { stepsFound, gaveUp }: { stepsFound: number; gaveUp: boolean },
) {
  if (gaveUp) return 'more events that labels may name than are tried'
  const step = events[stepsFound]
  return step === undefined
    ? 'all of them in order, but not within the time'
    : `${stepsFound} of ${events.length} in order; missing after them: ${describeMatcher(step)}`
}
