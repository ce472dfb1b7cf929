import { isEventName } from '../../events/registry.ts'
import { isOperationName } from '../../rpc/operations.ts'
import { findMatches } from '../match-event.ts'
import type { Matcher } from '../matcher.ts'
import { MODEL_CALL } from '../measured-metrics.ts'
import type { Scenario } from '../scenario.ts'
import type { Check } from '../verdict.ts'
import { type CheckContext, checkOf } from './context.ts'

/** The two names of `A BEFORE B`; null when it is not written so. */
export function readOrder(text: string): { before: string; after: string } | null {
  const parts = /^([A-Za-z0-9_.-]{1,64}) BEFORE ([A-Za-z0-9_.-]{1,64})$/.exec(text)
  return parts === null ? null : { before: parts[1]!, after: parts[2]! }
}

/**
 * What a name in an order stands for: the matcher of a label; a type of event; an operation that was asked for; a seeded
 * service that was called with success. Null: nothing of that name.
 */
export function matcherNamed(scenario: Scenario, name: string): Matcher | null {
  const labelled = allMatchers(scenario).find(matcher => matcher.label === name)
  if (labelled !== undefined) return labelled
  if (isEventName(name)) return { type: name }
  if (isOperationName(name) || name === MODEL_CALL) return { type: 'tool_call_initiated', tool_name: name }
  const isService = scenario.initial_state.seeded.services.some(({ service }) => service === name)
  return isService ? { type: 'service_invoked', 'data.service_name': name, 'data.result': 'success' } : null
}

/** Every matcher whose label other parts may name. */
export function allMatchers({ validation }: Scenario): Matcher[] {
  const {
    required_events: required = [],
    required_event_sequence: sequence = [],
    conditions = {},
  } = validation
  return [
    ...(Array.isArray(sequence) ? sequence : sequence.events),
    ...required,
    ...Object.values(conditions).flatMap(condition => {
      if ('event' in condition) return [condition.event]
      return 'sequence' in condition ? condition.sequence.events : []
    }),
  ]
}

/** Whether the first of one stands before the first of the other; both must be there. */
export function findOrder({ scenario, trial, bindings }: CheckContext, order: string) {
  const names = readOrder(order)
  const [before, after] = [names?.before, names?.after].map(name => {
    const matcher = name === undefined ? null : matcherNamed(scenario, name)
    return matcher === null ? undefined : findMatches(trial, matcher, bindings).satisfied[0]
  })
  return { before, after, ok: before !== undefined && after !== undefined && before < after, names }
}

/** Whether everything is in the order that is asked for. */
export function checkOrders(context: CheckContext): Check[] {
  return (context.scenario.validation.ordering_constraints ?? []).map((order, index) => {
    const { before, after, ok, names } = findOrder(context, order)
    const missing = [
      ...(before === undefined ? [names?.before] : []),
      ...(after === undefined ? [names?.after] : []),
    ]
    const reversed = ok ? 'in this order' : 'the other way round'
    return checkOf(context.trial, 'ordering_constraint', {
      name: `ordering_constraints[${index}]`,
      ok,
      lookedFor: `the first ${names?.before ?? '?'} before the first ${names?.after ?? '?'}`,
      found: missing.length > 0 ? `no ${missing.join(' and no ')}` : reversed,
      indexes: [before, after].filter(at => at !== undefined).sort((a, b) => a - b),
    })
  })
}
