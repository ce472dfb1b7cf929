import type { CheckContext } from './checks/context.ts'
import { timedSteps } from './checks/event-checks.ts'
import { findOrder } from './checks/order-checks.ts'
import { isWithin } from './checks/resource-checks.ts'
import { isSoAt } from './compare.ts'
import type { Condition } from './condition.ts'
import { findSequence } from './find-sequence.ts'
import { handedIn, outputOf } from './handed-in.ts'
import { findMatches } from './match-event.ts'
import { measure } from './measure-resources.ts'

export interface ConditionFinding {
  holds: boolean
  /** Positions of the events that its labels name. */
  labelled: Map<string, number>
  decidedBy: string[]
}

/** Whether a condition holds, which events decided it, and which its labels name. */
export function findCondition(context: CheckContext, condition: Condition): ConditionFinding {
  const { trial, bindings } = context
  const finding = (
    holds: boolean,
    indexes: readonly number[],
    labels: [string | undefined, number][] = [],
  ) => ({
    holds,
    labelled: new Map(
      labels.flatMap(([label, index]) => (label === undefined ? [] : [[label, index] as const])),
    ),
    decidedBy: indexes.map(index => trial.events[index]!.event_id),
  })
  if ('event' in condition) {
    const { satisfied } = findMatches(trial, condition.event, bindings)
    const holds = isWithin(satisfied.length, condition.count ?? '>=1')
    const first = satisfied[0]
    return finding(holds, satisfied, first === undefined ? [] : [[condition.event.label, first]])
  }
  if ('no_event' in condition) {
    const { satisfied } = findMatches(trial, condition.no_event, bindings)
    return finding(satisfied.length === 0, satisfied)
  }
  if ('sequence' in condition) {
    const search = timedSteps(condition.sequence)
    const found = findSequence(trial, search, bindings)
    if (!found.found) return finding(false, [])
    const labels = search.events.map(({ label }, step): [string | undefined, number] => [
      label,
      found.indexes[step]!,
    ])
    return finding(true, found.indexes, labels)
  }
  if ('order' in condition) {
    const { before, after, ok } = findOrder(context, condition.order)
    return finding(
      ok,
      [before, after].filter(index => index !== undefined),
    )
  }
  if ('resource' in condition) {
    const { value, decidedBy } = measure(trial, condition.resource)
    return { holds: isWithin(value, condition.is), labelled: new Map(), decidedBy }
  }
  const event = handedIn(trial, condition.label)
  if (event === null) return finding(false, [])
  const path = condition.output === '' ? 'output' : `output.${condition.output}`
  const holds = isSoAt({ output: outputOf(event) }, path, condition.is, bindings)
  return { holds, labelled: new Map(), decidedBy: [event.event_id] }
}
