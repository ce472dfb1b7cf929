import { readBundle } from '../bundle/bundle.ts'
import { DEFAULT_RESOURCES } from '../market/rules.ts'
import { formatCredits } from '../money/credits.ts'
import { allMatchers, matcherNamed, readOrder } from './checks/order-checks.ts'
import { isComparison } from './constraint.ts'
import { referencesOf } from './match-event.ts'
import { dataLiterals, type Literal, type Matcher } from './matcher.ts'
import { CHECK_RESULTS, OTHER_RESULTS } from './named-results.ts'
import type { Scenario } from './scenario.ts'
import { microOf, SELF } from './seeded-fields.ts'
import { namesIn, parseSuccessCondition } from './success-condition.ts'
import { restsOnWordsAlone } from './words-alone.ts'

type Path = (string | number)[]
export interface Inconsistency {
  path: Path
  message: string
}

/** What does not fit together in a scenario whose parts are each as they should be. */
export function checkScenario(scenario: Scenario): Inconsistency[] {
  return [
    ...checkPeople(scenario),
    ...checkPayments(scenario),
    ...checkResources(scenario),
    ...checkWorkspace(scenario),
    ...checkLabels(scenario),
    ...checkOrders(scenario),
    ...checkOutput(scenario),
    ...checkJudged(scenario),
    ...checkSuccess(scenario),
    ...(scenario.follows?.scenario === scenario.id
      ? [{ path: ['follows', 'scenario'], message: 'a scenario cannot follow itself' }]
      : []),
  ]
}

function checkPeople({ initial_state: { seeded }, injections }: Scenario): Inconsistency[] {
  const problems: Inconsistency[] = []
  const say = (path: Path, message: string) => problems.push({ path, message })
  const rivals = new Set(seeded.rivals.map(rival => rival.id))
  const named = [...seeded.agents.map(agent => agent.id), ...rivals]
  for (const [index, id] of named.entries()) {
    if (named.indexOf(id) !== index) say(['initial_state', 'seeded'], `${JSON.stringify(id)} is there twice`)
  }
  const offers = new Map<string, string>()
  for (const [index, { provider, service }] of seeded.services.entries()) {
    const offer = `${provider}/${service}`
    if (offers.has(offer)) say(['initial_state', 'seeded', 'services', index], `${offer} is offered twice`)
    offers.set(offer, offer)
  }
  for (const [index, { provider, service }] of seeded.history.calls.entries()) {
    if (!offers.has(`${provider}/${service}`))
      say(['initial_state', 'seeded', 'history', 'calls', index], `${provider} offers no ${service}`)
  }
  for (const [index, { do: hook, name }] of injections.entries()) {
    const path = ['injections', index, 'do']
    if (injections.findIndex(one => one.name === name) !== index)
      say(['injections', index, 'name'], `${JSON.stringify(name)} is the name of another`)
    if ('rival' in hook && !rivals.has(hook.rival))
      say([...path, 'rival'], `there is no rival ${JSON.stringify(hook.rival)}`)
    if ('service' in hook && !offers.has(`${hook.provider}/${hook.service}`))
      say([...path, 'service'], `${hook.provider} offers no ${hook.service}`)
  }
  return problems
}

/** Who pays during the trial has the credits for it to begin with. */
function checkPayments({ initial_state: { seeded }, injections }: Scenario): Inconsistency[] {
  const leftMicro = new Map(
    [...seeded.agents, ...seeded.rivals].map(({ id, balance }) => [id, microOf(balance)]),
  )
  return injections.flatMap(({ do: hook }, index) => {
    if (hook.hook !== 'pay') return []
    const hasMicro = leftMicro.get(hook.from) ?? 0n
    const left = hasMicro - microOf(hook.amount)
    leftMicro.set(hook.from, left)
    if (left >= 0n) return []
    const message = `${hook.from} has ${formatCredits(hasMicro > 0n ? hasMicro : 0n)} credits for it: give it more in initial_state.seeded.agents`
    return [{ path: ['injections', index, 'do', 'amount'], message }]
  })
}

function checkResources({ initial_state: { seeded }, injections }: Scenario): Inconsistency[] {
  const resources = (seeded.resources ?? DEFAULT_RESOURCES).map(resource => resource.name)
  const problems: Inconsistency[] = []
  const seededPath = ['initial_state', 'seeded']
  const judgePrices = (prices: Record<string, string> | undefined, path: Path) => {
    for (const name of Object.keys(prices ?? {})) {
      if (!resources.includes(name)) {
        problems.push({ path: [...path, name], message: `the market sells ${resources.join(', ')}` })
      }
    }
  }
  const judgeBundle = (bundle: Record<string, number>, path: Path) => {
    const read = readBundle(bundle, resources)
    if (!read.ok) problems.push({ path: [...path, 'bundle'], message: read.problem })
  }
  judgePrices(seeded.prices, [...seededPath, 'prices'])
  for (const [index, { strategy }] of seeded.rivals.entries()) {
    const path = [...seededPath, 'rivals', index, 'strategy']
    if (strategy.kind === 'repeat') judgeBundle(strategy.bundle, path)
    else for (const [at, { bundle }] of strategy.bids.entries()) judgeBundle(bundle, [...path, 'bids', at])
  }
  for (const [index, { do: hook }] of injections.entries()) {
    if (hook.hook === 'set_prices') judgePrices(hook.prices, ['injections', index, 'do', 'prices'])
    if (hook.hook === 'take_supply') judgeBundle(hook.bundle, ['injections', index, 'do'])
  }
  return problems
}

function checkWorkspace({ initial_state: { seeded }, validation }: Scenario): Inconsistency[] {
  const { workspace } = seeded
  const problems: Inconsistency[] = []
  const path = ['initial_state', 'seeded', 'workspace']
  for (const [module, file] of Object.entries(workspace?.modules ?? {})) {
    if (!Object.hasOwn(workspace!.files, file))
      problems.push({
        path: [...path, 'modules', module],
        message: `there is no file ${JSON.stringify(file)}`,
      })
  }
  const isMeasured = (
    ['performance_comparison', 'improvement_validation', 'performance_validation'] as const
  ).find(part => validation[part] !== undefined)
  if (isMeasured !== undefined && workspace?.measure === undefined)
    problems.push({
      path: ['validation', isMeasured],
      message: 'needs initial_state.seeded.workspace.measure',
    })
  if (validation.statistical_significance !== undefined) {
    const metrics = Object.values(validation.performance_comparison?.metrics ?? {})
    if (!metrics.some(metric => metric.improvement !== undefined))
      problems.push({
        path: ['validation', 'statistical_significance'],
        message: 'needs a metric of performance_comparison with an improvement',
      })
    const trials = workspace?.measure?.trials
    if (trials !== undefined && trials < validation.statistical_significance.num_trials)
      problems.push({
        path: ['validation', 'statistical_significance', 'num_trials'],
        message: `the workspace is measured in ${trials} runs only`,
      })
  }
  return problems
}

/** Every matcher with its place. */
function placedMatchers({
  validation,
  injections,
}: Pick<Scenario, 'validation' | 'injections'>): { path: Path; matcher: Matcher }[] {
  const list = (matchers: readonly Matcher[], path: Path) =>
    matchers.map((matcher, index) => ({ path: [...path, index], matcher }))
  const { required_event_sequence: sequence = [], conditions = {} } = validation
  const sequencePath = ['validation', 'required_event_sequence']
  return [
    ...(Array.isArray(sequence)
      ? list(sequence, sequencePath)
      : list(sequence.events, [...sequencePath, 'events'])),
    ...list(validation.required_events ?? [], ['validation', 'required_events']),
    ...Object.entries(conditions).flatMap(([name, condition]) => {
      const path = ['validation', 'conditions', name]
      if ('event' in condition) return [{ path: [...path, 'event'], matcher: condition.event }]
      if ('no_event' in condition) return [{ path: [...path, 'no_event'], matcher: condition.no_event }]
      return 'sequence' in condition ? list(condition.sequence.events, [...path, 'sequence', 'events']) : []
    }),
    ...list(validation.forbidden_events ?? [], ['validation', 'forbidden_events']),
    ...injections.flatMap(({ when }, index) =>
      'after_event' in when
        ? [{ path: ['injections', index, 'when', 'after_event'], matcher: when.after_event }]
        : [],
    ),
  ]
}

function checkLabels(scenario: Scenario): Inconsistency[] {
  const problems: Inconsistency[] = []
  const known = new Set<string>()
  const taken = new Set([
    SELF,
    ...Object.keys(scenario.validation.conditions ?? {}),
    ...Object.keys(CHECK_RESULTS),
    ...Object.keys(OTHER_RESULTS),
  ])
  const { decisions } = scenario.task
  for (const { path, matcher } of placedMatchers(scenario)) {
    const { label } = matcher
    const mayName = path[0] === 'validation' && path[1] !== 'forbidden_events' && !path.includes('no_event')
    if (label !== undefined && !mayName) {
      problems.push({ path: [...path, 'label'], message: 'a label names nothing here' })
    }
    for (const reference of referencesOf(matcher)) {
      if (known.has(reference)) continue
      const message = `refers to ${JSON.stringify(reference)}, which no earlier matcher has as its label`
      problems.push({ path, message })
    }
    if (label !== undefined && (known.has(label) || taken.has(label))) {
      problems.push({
        path: [...path, 'label'],
        message: `${JSON.stringify(label)} is the name of something else`,
      })
    }
    if (label !== undefined && mayName) known.add(label)
    if (decisions.length === 0 || matcher.type !== 'reasoning_trace') continue
    for (const [place, literal] of decisionsIn(matcher)) {
      const unknown = [literal]
        .flat()
        .find(one => !isComparison(String(one)) && !decisions.includes(String(one)))
      if (unknown !== undefined)
        problems.push({
          path: [...path, ...place],
          message: `the task does not tell of a decision ${JSON.stringify(unknown)}`,
        })
    }
  }
  return problems
}

/** What a matcher says of the decision of a reasoning, and where in it. */
function decisionsIn({ where = {}, constraints = {}, ...matcher }: Matcher): [Path, Literal][] {
  return [
    ...dataLiterals(matcher).map(([at, literal]): [Path, string, Literal] => [[`data.${at}`], at, literal]),
    ...Object.entries(where).map(([at, is]): [Path, string, Literal] => [['where', at], at, is]),
    ...Object.entries(constraints).map(([at, is]): [Path, string, Literal] => [['constraints', at], at, is]),
  ].flatMap(([place, at, is]): [Path, Literal][] =>
    at.replace(/^data\./, '') === 'decision' ? [[place, is]] : [],
  )
}

function checkOrders(scenario: Scenario): Inconsistency[] {
  const { ordering_constraints: orders = [], conditions = {} } = scenario.validation
  const placed: [Path, string][] = [
    ...orders.map((order, index): [Path, string] => [['validation', 'ordering_constraints', index], order]),
    ...Object.entries(conditions).flatMap(([name, condition]): [Path, string][] =>
      'order' in condition ? [[['validation', 'conditions', name, 'order'], condition.order]] : [],
    ),
  ]
  return placed.flatMap(([path, order]) => {
    const names = readOrder(order)
    if (names === null) return [{ path, message: 'must be such as "data_fetch BEFORE analysis"' }]
    if (names.before === names.after) return [{ path, message: 'nothing is before itself' }]
    return [names.before, names.after]
      .filter(name => matcherNamed(scenario, name) === null)
      .map(name => ({
        path,
        message: `${JSON.stringify(name)} is no label, type of event, operation or seeded service`,
      }))
  })
}

function checkOutput({ task, initial_state: { seeded }, validation }: Scenario): Inconsistency[] {
  const { output_validation: output } = validation
  if (output === undefined) return []
  const services = seeded.services.map(({ service }) => service)
  const path = ['validation', 'output_validation']
  const unknown = output.expects.flatMap(({ source }, index) =>
    services.includes(source)
      ? []
      : [
          {
            path: [...path, 'expects', index, 'source'],
            message: `there is no service ${JSON.stringify(source)}`,
          },
        ],
  )
  return [...unknown, ...(task.output_schema ? checkRequiredKeys(task.output_schema) : [])]
}

function checkRequiredKeys({
  required = [],
  properties = {},
  additionalProperties,
}: NonNullable<Scenario['task']['output_schema']>): Inconsistency[] {
  return required
    .filter(key => additionalProperties === false && !Object.hasOwn(properties, key))
    .map(key => ({
      path: ['task', 'output_schema', 'required'],
      message: `${JSON.stringify(key)} is required and not allowed`,
    }))
}

function checkJudged({ validation }: Scenario): Inconsistency[] {
  const { judge_evaluation: evaluation, output_quality: quality } = validation
  return quality !== undefined &&
    [evaluation?.criteria ?? []]
      .flatMap(criteria => (Array.isArray(criteria) ? criteria : Object.keys(criteria)))
      .includes(quality.criterion)
    ? [
        {
          path: ['validation', 'output_quality', 'criterion'],
          message: 'is a criterion of judge_evaluation too',
        },
      ]
    : []
}

function checkSuccess(scenario: Scenario): Inconsistency[] {
  const { validation } = scenario
  const path = ['validation', 'success_condition']
  const read = parseSuccessCondition(validation.success_condition)
  if (!read.ok) return [{ path, message: read.error.message }]
  const labels = new Set(allMatchers(scenario).flatMap(matcher => matcher.label ?? []))
  const results = new Map<string, readonly (keyof typeof validation)[] | null>([
    ...Object.entries(CHECK_RESULTS).map(([name, { parts }]) => [name, parts] as const),
    ...Object.entries(OTHER_RESULTS),
  ])
  return namesIn(read.expression).flatMap(name => {
    const [first = ''] = name.split('.')
    if (labels.has(first)) return []
    const isCondition = Object.hasOwn(validation.conditions ?? {}, name)
    const parts = results.get(name)
    if (isCondition || parts === null) return []
    if (parts === undefined) {
      const known = [...Object.keys(validation.conditions ?? {}), ...labels, ...results.keys()]
      return [{ path, message: `${JSON.stringify(name)} is not known; known are ${known.join(', ')}` }]
    }
    return parts.some(part => validation[part] !== undefined)
      ? []
      : [{ path, message: `${name} needs ${parts.join(' or ')}, which is not there` }]
  })
}

/** What is allowed and yet unwise. */
export function doubts(scenario: Scenario): Inconsistency[] {
  const { domain, task, validation } = scenario
  const warnings: Inconsistency[] = []
  if (domain === 'economic_reasoning' && restsOnWordsAlone(scenario)) {
    const message =
      'rests on words alone: an agent that says the right thing and does another passes; as a holdout it does not count for the passing bar'
    warnings.push({ path: ['validation'], message })
  }
  for (const name of unusedConditions(scenario)) {
    const message = 'decides nothing: neither success_condition nor another part names it'
    warnings.push({ path: ['validation', 'conditions', name], message })
  }
  if (validation.output_validation?.schema_conformance && task.output_schema === undefined) {
    warnings.push({ path: ['task'], message: 'has no output_schema: any result conforms' })
  }
  return warnings
}

function unusedConditions(scenario: Scenario): string[] {
  const { conditions = {}, ordering_constraints: orders = [], success_condition: text } = scenario.validation
  const read = parseSuccessCondition(text)
  const named = new Set([
    ...(read.ok ? namesIn(read.expression).map(name => name.split('.')[0]!) : []),
    ...[...orders, ...Object.values(conditions).flatMap(one => ('order' in one ? [one.order] : []))].flatMap(
      order => order.split(' BEFORE '),
    ),
    ...placedMatchers(scenario).flatMap(({ matcher }) => referencesOf(matcher)),
  ])
  return Object.entries(conditions).flatMap(([name, condition]) => {
    const matchers =
      'event' in condition ? [condition.event] : 'sequence' in condition ? condition.sequence.events : []
    return named.has(name) || matchers.some(({ label }) => label !== undefined && named.has(label))
      ? []
      : [name]
  })
}
