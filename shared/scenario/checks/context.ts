import type { Bindings } from '../compare.ts'
import type { Scenario } from '../scenario.ts'
import type { TrialEvents } from '../trial-events.ts'
import type { Check, CheckKind } from '../verdict.ts'

/** What checks look at. `bindings` holds the data of the events that labels name so far. */
export interface CheckContext {
  scenario: Scenario
  trial: TrialEvents
  bindings: Bindings
}

/** Ids that one check lists, at most; the rest is said in words. */
const DECIDED_BY_MAX = 50

/** A check whose events are given by their positions. */
export function checkOf(
  trial: TrialEvents,
  kind: CheckKind,
  { indexes, ...rest }: Omit<Check, 'kind' | 'decidedBy'> & { indexes: readonly number[] },
): Check {
  return { ...rest, kind, decidedBy: clipIds(indexes.map(index => trial.events[index]!.event_id)) }
}

export function clipIds(ids: readonly string[]): string[] {
  return ids.slice(0, DECIDED_BY_MAX)
}
