import { matcherNamed, readOrder } from './checks/order-checks.ts'
import type { Condition } from './condition.ts'
import type { Matcher } from './matcher.ts'
import type { Scenario } from './scenario.ts'
import { namesIn, parseSuccessCondition } from './success-condition.ts'

const WORDS = ['reasoning_trace', 'reflection', 'output_submitted', 'judge_evaluation']
const OPERATION_OF_WORDS = /^(?:trace|output|task)\./
/** Results that are there without being asked for, and are about acts. */
const RESULTS_OF_ACTS = ['all_services_succeeded', 'all_sources_queried']

/** Whether nothing that decides a scenario is an act: then an agent that says the right thing and does another passes. */
export function restsOnWordsAlone(scenario: Scenario): boolean {
  const { validation } = scenario
  const { required_event_sequence: sequence = [] } = validation
  const read = parseSuccessCondition(validation.success_condition)
  const named = read.ok ? namesIn(read.expression).map(name => name.split('.')[0]!) : []
  const isOfActs =
    validation.resource_consumption !== undefined ||
    validation.output_validation?.data_integration !== undefined ||
    validation.performance_comparison !== undefined ||
    validation.improvement_validation !== undefined ||
    validation.performance_validation !== undefined ||
    named.some(name => RESULTS_OF_ACTS.includes(name)) ||
    (validation.ordering_constraints ?? []).some(order => isOrderOfActs(scenario, order)) ||
    Object.entries(validation.conditions ?? {}).some(
      ([name, condition]) => named.includes(name) && isConditionOfActs(scenario, condition),
    )
  const matchers = [
    ...(validation.required_events ?? []),
    ...(Array.isArray(sequence) ? sequence : sequence.events),
    ...(validation.forbidden_events ?? []),
  ]
  return !isOfActs && !matchers.some(isAct)
}

function isConditionOfActs(scenario: Scenario, condition: Condition): boolean {
  if ('event' in condition) return isAct(condition.event)
  if ('no_event' in condition) return isAct(condition.no_event)
  if ('sequence' in condition) return condition.sequence.events.some(isAct)
  return 'order' in condition ? isOrderOfActs(scenario, condition.order) : 'resource' in condition
}

function isOrderOfActs(scenario: Scenario, order: string): boolean {
  const names = readOrder(order)
  return [names?.before, names?.after].some(name => {
    const matcher = name === undefined ? null : matcherNamed(scenario, name)
    return matcher !== null && isAct(matcher)
  })
}

function isAct({ type, tool_name: operation = '' }: Matcher): boolean {
  return !WORDS.includes(type) && !OPERATION_OF_WORDS.test(operation)
}
