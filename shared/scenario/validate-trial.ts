import { clipIds } from './checks/context.ts'
import { checkForbidden, checkRequired, checkSequence } from './checks/event-checks.ts'
import { checkJudges } from './checks/judge-checks.ts'
import { checkOrders } from './checks/order-checks.ts'
import { checkOutput } from './checks/output-checks.ts'
import { checkPerformance } from './checks/performance-checks.ts'
import { checkResources } from './checks/resource-checks.ts'
import type { TrialRecord } from './collected-event.ts'
import { findCondition } from './conditions.ts'
import { namedResults } from './named-results.ts'
import { valuesAt } from './read-path.ts'
import type { Scenario } from './scenario.ts'
import { evaluate, namesIn, parseSuccessCondition } from './success-condition.ts'
import { orderTrial } from './trial-events.ts'
import type { Check, ResultValue, Verdict } from './verdict.ts'

const SCORE_OF_PASSED = 5
const SCORE_OF_FAILED = 1

/**
 * Judges one trial by its events alone. Labels are bound in this order: by the sequence, by required events, by
 * conditions, each in the order they are written. It passes when every check holds and the success condition does.
 */
export function validateTrial(scenario: Scenario, record: TrialRecord): Verdict {
  const trial = orderTrial(record)
  const bindings = new Map<string, unknown>()
  const context = { scenario, trial, bindings }
  const bind = (labelled: ReadonlyMap<string, number>) => {
    for (const [label, index] of labelled) bindings.set(label, trial.events[index]!.data)
  }

  const sequence = checkSequence(context)
  bind(sequence.labelled)
  const required = checkRequired(context)
  bind(required.labelled)
  const conditions = new Map<string, { holds: boolean; decidedBy: string[] }>()
  for (const [name, condition] of Object.entries(scenario.validation.conditions ?? {})) {
    const finding = findCondition(context, condition)
    bind(finding.labelled)
    conditions.set(name, finding)
  }
  const judged = checkJudges(context)
  const performance = checkPerformance(context)
  const checks = [
    ...required.checks,
    ...sequence.checks,
    ...checkForbidden(context),
    ...checkOrders(context),
    ...checkResources(context),
    ...checkOutput(context),
    ...judged.checks,
    ...performance.checks,
  ]
  const named = namedResults(scenario, trial, { ...judged, ...performance, checks })
  for (const [name, { holds }] of conditions) named.set(name, holds)
  const success = checkSuccess(scenario, named, bindings, conditions)
  const passed = success.check.ok && checks.every(check => check.ok)
  return {
    scenarioId: scenario.id,
    passed,
    score: scoreOf(scenario, { passed, checks, judgeScore: judged.judgeScore }, success, named, bindings),
    judgeScore: judged.judgeScore,
    checks: [...checks, success.check],
    results: Object.fromEntries(success.results),
  }
}

type Named = ReadonlyMap<string, ResultValue>
type Success = { check: Check; results: Map<string, ResultValue> }

function checkSuccess(
  scenario: Scenario,
  named: Named,
  bindings: ReadonlyMap<string, unknown>,
  conditions: ReadonlyMap<string, { holds: boolean; decidedBy: string[] }>,
): Success {
  const { success_condition: text } = scenario.validation
  const read = parseSuccessCondition(text)
  const names = read.ok ? namesIn(read.expression) : []
  const values = new Map(names.map(name => [name, resultOf(name, named, bindings)]))
  const ok = read.ok && evaluate(read.expression, name => values.get(name) ?? null)
  const told = [...values].map(([name, value]) => `${name} is ${value === null ? 'unknown' : value}`)
  const check: Check = {
    name: 'success_condition',
    kind: 'success_condition',
    ok,
    lookedFor: text,
    found: read.ok ? told.join(', ') : read.error.message,
    decidedBy: clipIds([...new Set(names.flatMap(name => conditions.get(name)?.decidedBy ?? []))]),
  }
  const results = new Map([...conditions].map(([name, { holds }]): [string, ResultValue] => [name, holds]))
  for (const [name, value] of values) results.set(name, value)
  return { check, results }
}

/** What a name of a success condition stands for: a result, whether a label was found, or what its event says. */
function resultOf(name: string, named: Named, bindings: ReadonlyMap<string, unknown>): ResultValue {
  const [label = '', ...path] = name.split('.')
  if (named.has(name)) return named.get(name)!
  if (path.length === 0) return bindings.has(label)
  const value = valuesAt(bindings.get(label), path.join('.'))[0]
  return typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' ? value : null
}

/** Where a judge evaluates, its score counts only for who did right by everything else. */
function scoreOf(
  scenario: Scenario,
  { passed, checks, judgeScore }: { passed: boolean; checks: readonly Check[]; judgeScore: number | null },
  success: Success,
  named: Named,
  bindings: ReadonlyMap<string, unknown>,
): number {
  if (scenario.validation.judge_evaluation === undefined) return passed ? SCORE_OF_PASSED : SCORE_OF_FAILED
  const acted = checks.filter(check => check.kind !== 'judge_evaluation').every(check => check.ok)
  const right = acted && (success.check.ok || holdsBesidesJudge(scenario, named, bindings))
  return right ? (judgeScore ?? SCORE_OF_FAILED) : SCORE_OF_FAILED
}

/** Whether the success condition would hold had the judge been content. */
function holdsBesidesJudge(
  scenario: Scenario,
  named: Named,
  bindings: ReadonlyMap<string, unknown>,
): boolean {
  const read = parseSuccessCondition(scenario.validation.success_condition)
  if (!read.ok) return false
  const content = new Map([...named, ['judge_passed', true] as const, ['judge_score', 5] as const])
  return evaluate(read.expression, name => resultOf(name, content, bindings))
}
