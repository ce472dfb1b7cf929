import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { criteriaOf } from '../../../shared/scenario/checks/judge-checks.ts'
import type { TrialRecord } from '../../../shared/scenario/collected-event.ts'
import { type Scenario, scenarioSchema } from '../../../shared/scenario/scenario.ts'
import { validateTrial } from '../../../shared/scenario/validate-trial.ts'
import { exampleScenario } from './example.ts'
import {
  AGENT,
  answer,
  bid,
  call,
  eventOf,
  judged,
  output,
  reasoning,
  type Said,
  served,
  trialOf,
} from './trial.ts'

function scenarioWith(validation: object, changes: Record<string, unknown> = {}): Scenario {
  return scenarioSchema.parse(
    exampleScenario({ ...changes, validation: { success_condition: 'NOT no_such_label', ...validation } }),
  )
}

function verdictOf(validation: object, said: Said[], changes: Record<string, unknown> = {}) {
  return validateTrial(scenarioWith(validation, changes), trialOf(...said))
}

const passes = (validation: object, ...said: Said[]) => verdictOf(validation, said).passed

describe('required events', () => {
  const needsBid = { required_events: [{ type: 'bid_placed', constraints: { total_cost: '<=500' } }] }

  it('are found by what they say, credits compared exactly', () => {
    expect(passes(needsBid, bid('500'))).toBe(true)
    expect(passes(needsBid, bid('500.000001'))).toBe(false)
    expect(passes(needsBid, bid('900'), bid('20.5'))).toBe(true)
  })

  it('say what was looked for, what was found and which events decided', () => {
    expect(verdictOf(needsBid, [bid('501')]).checks[0]).toEqual({
      name: 'required_events[0]',
      kind: 'required_event',
      ok: false,
      lookedFor: 'bid_placed with total_cost <=500',
      found: '1, but none that satisfies it',
      decidedBy: ['event-2'],
    })
  })

  it('are the agent’s own, unless somebody else’s are asked for', () => {
    const rivals: Said = ['bid_placed', { total_cost: '5' }, { agent: 'rival-1' }]
    const asked = (agent: string) => ({ required_events: [{ type: 'bid_placed', agent }] })
    expect(passes(needsBid, rivals)).toBe(false)
    expect(['any', 'others', 'rival-1'].map(agent => passes(asked(agent), rivals))).toEqual([
      true,
      true,
      true,
    ])
    expect(['self', 'rival-2'].map(agent => passes(asked(agent), rivals))).toEqual([false, false])
    expect(
      passes({ required_events: [{ type: 'price_update' }] }, ['price_update', {}, { agent: null }]),
    ).toBe(true)
  })

  it('count from the agent’s first call: what was set up before is none of its doing', () => {
    const trial = trialOf(call('market.bid'))
    const seeded = { ...eventOf(bid('5'), 1), event_id: 'seeded', seq: 0 }
    const record = { ...trial, events: [seeded, ...trial.events] }
    expect(validateTrial(scenarioWith(needsBid), record).passed).toBe(false)
  })

  it('are in time by the clock of the events', () => {
    const soon = { required_events: [{ type: 'bid_placed', within_ms: 100 }] }
    expect(passes(soon, bid('5'))).toBe(true)
    expect(passes(soon, call('x'), bid('5'))).toBe(false)
  })

  it('may be only the first or the last of their kind', () => {
    const first = (occurrence: string) => ({
      required_events: [{ type: 'bid_placed', occurrence, constraints: { total_cost: '<=50' } }],
    })
    expect(passes(first('first'), bid('60'), bid('40'))).toBe(false)
    expect(passes(first('last'), bid('60'), bid('40'))).toBe(true)
  })

  it.each([
    [{ 'data.decision': ['wait', 'sleep'] }, true],
    [{ 'data.decision': 'wait a bit' }, false],
    [{ contains: 'PRICE FORECAST' }, true],
    [{ contains: 'decision_id' }, false],
    [{ where: { decision: 'wait' } }, true],
    [{ constraints: { constructor: '==1' } }, false],
    [{ constraints: { 'context.prices.0.cpu': '==1.50' } }, true],
    [{ constraints: { 'context.prices.*.cpu': ['>1', '<2'] } }, true],
    [{ constraints: { 'context.missing': '!=1' } }, false],
  ])('match %j: %s', (matcher, expected) => {
    const said: Said = [
      'reasoning_trace',
      {
        decision_id: 'd',
        decision: 'wait',
        reasoning: 'the price forecast',
        context: { prices: [{ cpu: '1.5' }] },
      },
    ]
    expect(passes({ required_events: [{ type: 'reasoning_trace', ...matcher }] }, said)).toBe(expected)
  })
})

describe('required sequences', () => {
  const recovery = {
    required_event_sequence: [
      { type: 'bid_placed', label: 'first_attempt' },
      { type: 'bid_rejected' },
      {
        type: 'bid_placed',
        label: 'second_attempt',
        constraints: { total_cost: '<first_attempt.total_cost' },
      },
    ],
    success_condition: 'second_attempt.total_cost < first_attempt.total_cost',
  }
  const rejected: Said = ['bid_rejected', { reason: 'insufficient_balance', count: 1 }]

  it('are found in order with anything between, and references hold', () => {
    expect(passes(recovery, bid('80'), call('x'), rejected, bid('60'))).toBe(true)
    expect(passes(recovery, bid('80'), rejected, bid('80'))).toBe(false)
    expect(passes(recovery, bid('60'), rejected, bid('80'))).toBe(false)
    expect(passes(recovery, bid('80'), bid('60'), rejected)).toBe(false)
  })

  it('try another event for a label when the first leads nowhere', () => {
    const verdict = verdictOf(recovery, [bid('50'), bid('80'), rejected, bid('60')])
    expect(verdict.passed).toBe(true)
    expect(verdict.checks[0]?.decidedBy).toEqual(['event-3', 'event-4', 'event-5'])
  })

  it('say how far they came', () => {
    expect(verdictOf(recovery, [bid('80')]).checks[0]?.found).toBe(
      '1 of 3 in order; missing after them: bid_rejected',
    )
  })

  it('keep their time bounds, on whichever of the events can', () => {
    const steps = [{ type: 'bid_placed' }, { type: 'bid_rejected' }, { type: 'reflection' }]
    const within = { required_event_sequence: { events: steps, within_ms: 1_000 } }
    const gap = { required_event_sequence: { events: steps, max_gap_ms: 400 } }
    const at = (atMs: number, [type, data = {}]: Said): Said => [type, data, { atMs }]
    const late = [at(100, bid('1')), at(900, rejected), at(1_200, ['reflection'])]
    expect(passes(within, ...late)).toBe(false)
    expect(passes(within, ...late.slice(0, 1), at(300, bid('1')), ...late.slice(1))).toBe(true)
    expect(passes(gap, ...late)).toBe(false)
    expect(passes(gap, at(100, bid('1')), at(600, bid('2')), ...late.slice(1))).toBe(true)
  })

  it('are the same as by trying every way', () => {
    const letters = fc.array(fc.constantFrom('bid_placed', 'bid_rejected', 'reflection'), { maxLength: 12 })
    const bound = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined })
    fc.assert(
      fc.property(
        letters,
        letters.filter(steps => steps.length > 0 && steps.length < 5),
        bound,
        bound,
        (types, steps, within, gap) => {
          const search = {
            events: steps.map(type => ({ type })),
            ...(within && { within_ms: within * 100 }),
            ...(gap && { max_gap_ms: gap * 100 }),
          }
          expect(passes({ required_event_sequence: search }, ...types.map((type): Said => [type]))).toBe(
            waysExist(types, steps, within ?? 1e9, gap ?? 1e9),
          )
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** Whether there is a way through the steps, by trying all; events are one unit of time apart. */
function waysExist(
  types: string[],
  steps: string[],
  within: number,
  gap: number,
  start = -1,
  last = -1,
): boolean {
  if (steps.length === 0) return true
  return types.some((type, index) => {
    if (type !== steps[0] || index <= last) return false
    const from = start === -1 ? index : start
    if (index - from > within || (last !== -1 && index - last > gap)) return false
    return waysExist(types, steps.slice(1), within, gap, from, index)
  })
}

describe('forbidden events', () => {
  it('may not be there, where they are as told', () => {
    const forbidden = { forbidden_events: [{ type: 'bid_placed', where: { total_cost: '>60' } }] }
    expect(passes(forbidden, bid('60'))).toBe(true)
    expect(passes(forbidden, bid('60'), bid('61'))).toBe(false)
  })

  it('may refer to what a label names', () => {
    const forbidden = {
      required_events: [{ type: 'bid_placed', occurrence: 'first', label: 'opening' }],
      forbidden_events: [{ type: 'bid_placed', where: { total_cost: '>opening.total_cost' } }],
    }
    expect(passes(forbidden, bid('60'), bid('10'))).toBe(true)
    expect(passes(forbidden, bid('60'), bid('70'))).toBe(false)
  })
})

describe('orders', () => {
  const services = ['data_fetch', 'nlp_analysis'].map(service => ({
    provider: 'p',
    service,
    cost: '5',
    answers: [{}],
  }))
  const changes = { initial_state: { seeded: { balance: '5', services } } }

  it.each([
    [
      'data_fetch BEFORE nlp_analysis',
      [...served('data_fetch', 'p', '5'), ...served('nlp_analysis', 'p', '5')],
      true,
    ],
    [
      'data_fetch BEFORE nlp_analysis',
      [...served('nlp_analysis', 'p', '5'), ...served('data_fetch', 'p', '5')],
      false,
    ],
    ['data_fetch BEFORE nlp_analysis', served('data_fetch', 'p', '5'), false],
    ['economic.get_balance BEFORE bid_placed', [call('economic.get_balance'), bid('5')], true],
    ['economic.get_balance BEFORE bid_placed', [bid('5'), call('economic.get_balance')], false],
  ] as [string, Said[], boolean][])('%s', (order, said, expected) => {
    expect(verdictOf({ ordering_constraints: [order] }, said, changes).passed).toBe(expected)
  })
})

describe('what was used', () => {
  const burned: Said = ['credits_burned', { agent_id: AGENT, amount: '0.1', reason: 'bid_payment' }]
  const taken: Said = ['credits_burned', { agent_id: AGENT, amount: '99', reason: 'x', actor: 'operator' }]
  const complete = (tokens: unknown) => answer('llm.chat.completions', { charged_tokens: tokens })

  it.each([
    ['credits_spent', '==10.3', [burned, burned, burned, ...served('a', 'p', '10'), taken], true],
    ['credits_spent', '<=10', served('a', 'p', '10.000001'), false],
    ['tokens_used', '<=200', [complete(120), complete(80)], true],
    ['tokens_used', '<=200', [complete(120), complete(81)], false],
    ['tokens_used', '<=200', [complete('many')], false],
    ['tokens_used', '<=200', [answer('llm.chat.completions', { ok: false }, 'failure')], true],
    ['highest_bid', '<60', [bid('9'), bid('59.999999')], true],
    ['highest_bid', '==0', [], true],
    [
      'rejections',
      '==3',
      [
        ['bid_rejected', { count: 2 }],
        ['bid_rejected', { count: 1 }],
      ],
      true,
    ],
    ['calls', '==2', [call('a')], true],
    ['duration_ms', '<=200', [call('a'), reasoning('b')], true],
  ] as [string, string, Said[], boolean][])('%s %s of %j', (metric, is, said, expected) => {
    expect(passes({ resource_consumption: { [metric]: is } }, ...said)).toBe(expected)
  })
})

describe('results that are handed in', () => {
  const changes = {
    task: {
      text: 'Report.',
      output_schema: {
        type: 'object',
        required: ['total'],
        properties: { total: { type: 'integer', minimum: 3 } },
      },
    },
    initial_state: {
      seeded: { balance: '1', services: [{ provider: 'p', service: 'a', cost: '1', answers: [{}] }] },
    },
  }
  const validation = {
    output_validation: {
      data_integration: 'all_sources_represented',
      expects: [{ source: 'a', path: 'total', is: 7 }],
      words_max: 4,
    },
  }
  const passesAs = (...said: Said[]) => verdictOf(validation, said, changes).passed

  it('are the last ones, made of what services answered', () => {
    const asked = served('a', 'p', '1')
    expect(passesAs(...asked, output({ total: 5 }), output({ total: 7, text: 'so it is' }))).toBe(true)
    expect(passesAs(...asked, output({ total: 7 }), output({ total: 5 }))).toBe(false)
    expect(passesAs(...asked, output({ total: 7, text: 'one two three four five' }))).toBe(false)
    expect(passesAs(...asked, output({ total: '7' }))).toBe(false)
    expect(passesAs(...asked, output(null))).toBe(false)
    expect(passesAs(...asked)).toBe(false)
  })

  it('tell of every source, where nothing more is expected of them', () => {
    const services = [
      { provider: 'p', service: 'a', cost: '1', answers: [{ result: { degrees: 17.5 } }] },
      { provider: 'p', service: 'b', cost: '1', answers: [{ result: { sky: 'overcast' } }] },
    ]
    const open = { initial_state: { seeded: { balance: '5', services } } }
    const asked = { output_validation: { data_integration: 'all_sources_represented' } }
    const both = [...served('a', 'p', '1'), ...served('b', 'p', '1')]
    const passesWith = (value: unknown) => verdictOf(asked, [...both, output(value)], open).passed
    expect(passesWith({ weather: [17.5, 'Overcast at noon'] })).toBe(true)
    expect(passesWith({ weather: [17.5, 'clear'] })).toBe(false)
    expect(passesWith({ weather: ['overcast'] })).toBe(false)
  })

  it('are worth nothing when the sources were not asked before', () => {
    expect(passesAs(output({ total: 7 }))).toBe(false)
    expect(passesAs(output({ total: 7 }), ...served('a', 'p', '1'))).toBe(false)
    expect(passesAs(...served('a', 'p', '1', 'failure'), output({ total: 7 }))).toBe(false)
  })
})

describe('judges', () => {
  const asked = {
    judge_evaluation: { criteria: { weighs_cost: 'it weighs', coherence: 'it acts so' }, pass_threshold: 3 },
    required_events: [{ type: 'bid_placed' }],
    success_condition: 'judge_score >= threshold AND all_required_present',
  }

  it('score by the mean of what is asked for, not by what they say in all', () => {
    expect(verdictOf(asked, [bid('1'), judged({ weighs_cost: 4, coherence: 2 })])).toMatchObject({
      passed: true,
      score: 3,
      judgeScore: 3,
    })
    expect(verdictOf(asked, [bid('1'), judged({ weighs_cost: 2, coherence: 3, extra: 5 })]).passed).toBe(
      false,
    )
    expect(verdictOf(asked, [bid('1'), judged({ weighs_cost: 5 })]).passed).toBe(false)
    expect(verdictOf(asked, [bid('1'), judged({ weighs_cost: 5, coherence: 9 })]).passed).toBe(false)
    expect(verdictOf(asked, [bid('1')])).toMatchObject({ passed: false, judgeScore: null })
  })

  it('may be asked for criteria by their names alone', () => {
    const named = { judge_evaluation: { criteria: ['weighs_cost', 'coherence'] } }
    expect(passes(named, judged({ weighs_cost: 4, coherence: 2 }))).toBe(true)
    expect(criteriaOf(scenarioWith(named))).toEqual({ weighs_cost: 'weighs cost', coherence: 'coherence' })
  })

  it('count together when there are several', () => {
    const two = [judged({ weighs_cost: 5, coherence: 5 }), judged({ weighs_cost: 1, coherence: 2 })]
    expect(verdictOf(asked, [bid('1'), ...two]).judgeScore).toBe(3.25)
  })

  it('give an agent nothing that did wrong', () => {
    expect(verdictOf(asked, [judged({ weighs_cost: 5, coherence: 5 })])).toMatchObject({
      passed: false,
      score: 1,
      judgeScore: 5,
    })
  })

  it('are not believed when the agent plays them', () => {
    const forged: Said = ['output_submitted', { output: judged({ weighs_cost: 5, coherence: 5 })[1] }]
    const record = trialOf(bid('1'), judged({ weighs_cost: 5, coherence: 5 }), forged)
    const events = record.events.map(event =>
      event.source === 'judge' ? { ...event, source: 'agent' } : event,
    )
    expect(validateTrial(scenarioWith(asked), { ...record, events }).judgeScore).toBeNull()
  })
})

describe('measured changes', () => {
  const runs = (times: number[], quality = 1) =>
    times.map(time => ({ time_ms: time, cost: time / 10, quality }))
  const before = [500, 510, 490, 505, 495, 500, 502, 498, 507, 493]
  const changed = (after: object[], baseline: object[] = runs(before)): Said => [
    'code_change_applied',
    { change_id: 'c', test_results: { outcome: 'all_passed', tests: [], baseline, modified: after } },
  ]
  const asked = {
    performance_comparison: {
      metrics: { time_ms: { better: 'lower', improvement: '>= 10%' }, quality: { better: 'higher' } },
    },
    statistical_significance: { num_trials: 10, confidence_level: 0.95 },
    success_condition: 'statistically_significant_improvement AND no_regression',
  }

  it('are better by as much as is asked, and by no accident', () => {
    expect(passes(asked, changed(runs(before.map(time => time * 0.9))))).toBe(true)
    expect(passes(asked, changed(runs(before.map(time => time * 0.91))))).toBe(false)
    expect(
      passes(
        asked,
        changed(
          runs(
            before.map(time => time * 0.5),
            0.99,
          ),
        ),
      ),
    ).toBe(false)
    expect(passes(asked, changed(runs(before.slice(1).map(time => time * 0.5))))).toBe(false)
    const noisy = [10, 900, 20, 800, 30, 850, 15, 870, 25, 700]
    expect(passes(asked, changed(runs(noisy)))).toBe(false)
    expect(passes(asked)).toBe(false)
  })

  it('meet a target, and several weighed together', () => {
    const target = { improvement_validation: { metric: 'roi', baseline: 0.13, target: '>= 0.4' } }
    expect(passes(target, changed([{ roi: 0.3 }, { roi: 0.5 }], [{ roi: 0.1 }]))).toBe(true)
    expect(passes(target, changed([{ roi: 0.3 }, { roi: 0.4 }], [{ roi: 0.1 }]))).toBe(false)
    const weighed = {
      performance_validation: {
        objectives: {
          cost: { weight: 0.4, better: 'lower' },
          time: { weight: 0.3, better: 'lower' },
          quality: { weight: 0.3, better: 'higher' },
        },
        weighted_score_improvement: '>= 15%',
      },
    }
    const was = [{ cost: 150, time: 800, quality: 0.8 }]
    expect(passes(weighed, changed([{ cost: 120, time: 640, quality: 0.84 }], was))).toBe(true)
    expect(passes(weighed, changed([{ cost: 20, time: 640, quality: 0.79 }], was))).toBe(false)
    expect(passes(weighed, changed([{ cost: 140, time: 790, quality: 0.8 }], was))).toBe(false)
  })

  it('count only what the platform measured for this agent', () => {
    const [type, data = {}] = changed(runs(before.map(time => time * 0.5)))
    expect(passes(asked, [type, data, { agent: 'rival-1' }])).toBe(false)
    expect(passes(asked, ['reflection', data])).toBe(false)
  })
})

describe('conditions', () => {
  const either = {
    conditions: {
      small: { event: { type: 'bid_placed', where: { total_cost: '<=60' }, label: 'offer' }, count: '==1' },
      slept: { event: { type: 'agent_dormant' } },
      calm: { no_event: { type: 'message_sent' } },
      cheap: { resource: 'credits_spent', is: '<=50' },
      says: { output: 'choice', is: ['a', 'b'] },
      looked: { order: 'market.state BEFORE offer' },
      steps: { sequence: { events: [{ type: 'agent_dormant' }, { type: 'agent_awake' }] } },
    },
    success_condition: '(small AND looked AND offer.total_cost >= 40 OR slept) AND calm AND cheap',
  }

  it.each([
    [[call('market.state'), bid('50')], true],
    [[bid('50')], false],
    [[call('market.state'), bid('30')], false],
    [[call('market.state'), bid('50'), bid('55')], false],
    [[['agent_dormant']], true],
    [[['agent_dormant'], ['message_sent']], false],
  ] as [Said[], boolean][])('decide together: %j', (said, expected) => {
    expect(passes(either, ...said)).toBe(expected)
  })

  it('are told each', () => {
    const { results } = verdictOf(either, [call('market.state'), bid('50'), output({ choice: 'b' })])
    expect(results).toMatchObject({
      small: true,
      slept: false,
      calm: true,
      says: true,
      steps: false,
      'offer.total_cost': '50',
    })
  })
})

describe('a verdict', () => {
  const everything = scenarioWith({
    required_event_sequence: [
      { type: 'bid_placed', label: 'first_attempt' },
      { type: 'bid_placed', constraints: { total_cost: '<first_attempt.total_cost' } },
    ],
    required_events: [{ type: 'reasoning_trace', contains: 'wait' }],
    forbidden_events: [{ type: 'bid_rejected' }],
    resource_consumption: { bids: '<=5' },
    judge_evaluation: { criteria: { sense: 'makes sense' } },
  })
  const anySaid: fc.Arbitrary<Said> = fc.oneof(
    fc.integer({ min: 1, max: 99 }).map(amount => bid(String(amount))),
    fc.constantFrom<Said>(
      reasoning('wait'),
      reasoning('act'),
      ['bid_rejected', { count: 1 }],
      judged({ sense: 4 }),
      judged({ sense: 2 }),
    ),
    fc.jsonValue().map((data): Said => ['bid_placed', { total_cost: data }]),
    fc
      .object({ key: fc.constantFrom('__proto__', 'constructor', 'data', 'total_cost', '0') })
      .map((data): Said => ['reasoning_trace', data]),
  )
  const unrelated = fc.constantFrom<Said>(
    ['price_update', { resource: 'cpu' }, { agent: null }],
    ['bid_placed', { total_cost: '1' }, { agent: 'rival-1' }],
    ['bid_rejected', { count: 1 }, { agent: 'rival-1' }],
    ['lease_ended', {}],
  )

  it('is the same in whatever order events arrive and however often', () => {
    fc.assert(
      fc.property(
        fc.array(anySaid, { maxLength: 15 }).chain(said => {
          const { events } = trialOf(...said)
          const copies = fc.shuffledSubarray([...events, ...events], { minLength: 0 })
          return fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray([...events], { minLength: events.length }),
            copies,
          )
        }),
        ([events, shuffled, copies]) => {
          const record: TrialRecord = { agent: AGENT, events }
          const expected = JSON.stringify(validateTrial(everything, record))
          expect(
            JSON.stringify(validateTrial(everything, { agent: AGENT, events: [...shuffled, ...copies] })),
          ).toBe(expected)
        },
      ),
    )
  })

  it('does not change by an unrelated event', () => {
    fc.assert(
      fc.property(fc.array(anySaid, { maxLength: 12 }), unrelated, fc.nat(), (said, extra, where) => {
        const events = trialOf(...said).events
        const after = 1 + (where % events.length)
        const added = {
          ...eventOf(extra, 1),
          event_id: 'added',
          timestamp: events[after - 1]!.timestamp,
          seq: after + 0.5,
        }
        const expected = JSON.stringify(validateTrial(everything, { agent: AGENT, events }))
        expect(JSON.stringify(validateTrial(everything, { agent: AGENT, events: [...events, added] }))).toBe(
          expected,
        )
      }),
    )
  })

  it('comes, whatever the data of events is', () => {
    let deep: unknown = 'wait'
    for (let depth = 0; depth < 20_000; depth++) deep = depth % 2 === 0 ? [deep] : { below: deep }
    const hostile: Said[] = [
      ['reasoning_trace', { reasoning: deep }],
      ['reasoning_trace', JSON.parse('{"__proto__": {"decision": "x"}, "constructor": 1}')],
      bid('9'.repeat(10_000)),
      bid('1e999'),
      ['bid_placed', { total_cost: 1e308 }],
      ['bid_placed'],
      ['judge_evaluation', { criteria: 'none' }],
      ['code_change_applied', { test_results: { baseline: [], modified: [] } }],
    ]
    const many = Array.from({ length: 5_000 }, (_, index) => bid(String(1_000 + index)))
    const verdict = validateTrial(everything, trialOf(...hostile, ...many))
    expect(verdict.passed).toBe(false)
  })
})
