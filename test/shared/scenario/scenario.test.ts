import { describe, expect, it } from 'vitest'
import { matcherSchema } from '../../../shared/scenario/matcher.ts'
import { scenarioSchema } from '../../../shared/scenario/scenario.ts'
import { agentTask } from '../../../shared/scenario/situation.ts'
import { exampleScenario } from './example.ts'

function problems(changes: Record<string, unknown>): string[] {
  const read = scenarioSchema.safeParse(exampleScenario(changes))
  return read.success ? [] : read.error.issues.map(issue => issue.path.join('.'))
}

describe('a scenario', () => {
  it('is read, and reads the same when it is written down and read again', () => {
    const read = scenarioSchema.parse(exampleScenario())
    expect(scenarioSchema.parse(JSON.parse(JSON.stringify(read)))).toEqual(read)
    expect(read.initial_state.seeded.rules).toEqual({})
  })

  it('takes no key that it does not know, wherever it stands', () => {
    expect(scenarioSchema.safeParse(exampleScenario({ difficulty: 3 })).error?.issues[0]).toMatchObject({
      code: 'unrecognized_keys',
      keys: ['difficulty'],
    })
    expect(problems({ initial_state: { seeded: { balance: '1', gold: 1 } } })).toEqual([
      'initial_state.seeded',
    ])
    expect(matcherSchema.safeParse({ type: 'bid_placed', total_cost: 5 }).error?.issues[0]).toMatchObject({
      code: 'unrecognized_keys',
      keys: ['total_cost'],
    })
  })

  it.each([
    [{ initial_state: { seeded: { balance: 500 } } }, 'initial_state.seeded.balance'],
    [
      { initial_state: { seeded: { balance: '1', rules: { minimumBid: '-1' } } } },
      'initial_state.seeded.rules.minimumBid',
    ],
    [
      { injections: [{ name: 'a', when: { after_ms: 1 }, do: { hook: 'forge_event' } }] },
      'injections.0.do.hook',
    ],
    [{ task: { text: '' } }, 'task.text'],
  ])('refuses %j', (changes, path) => {
    expect(problems(changes)).toContain(path)
  })

  it.each([
    { type: 'bid_placed', constraints: { total_cost: '<= 500' } },
    { type: 'bid_placed', constraints: { total_cost: ['>=40', '<first_attempt.data.total_cost'] } },
    { type: 'reasoning_trace', 'data.decision': ['wait', 'sleep'], contains: 'price' },
    { type: 'service_invoked', where: { result: 'success', cost: '<=50' }, agent: 'any' },
    { type: 'tool_call_initiated', tool_name: 'market.bid', occurrence: 'first', label: 'first' },
  ])('has matchers such as %j', matcher => {
    expect(matcherSchema.parse(matcher)).toEqual(matcher)
  })

  it.each([
    { type: 'bid_plced' },
    { type: 'bid_placed', tool_name: 'market.bid' },
    { type: 'bid_placed', constraints: { total_cost: '<five' } },
    { type: 'bid_placed', where: { total_cost: '< five' } },
    { type: 'bid_placed', 'data..x': 1 },
    { type: 'bid_placed', 'data.x': { deep: true } },
    { type: 'bid_placed', label: 'First' },
  ])('has no matchers such as %j', matcher => {
    expect(matcherSchema.safeParse(matcher).success).toBe(false)
  })
})

describe('the task of a scenario', () => {
  it('tells the agent what is told, and nothing of how it is judged or of what is seeded', () => {
    const scenario = scenarioSchema.parse(exampleScenario())
    const task = agentTask(scenario, { output: { a: 1 } })
    expect(task).toEqual({
      text: scenario.task.text,
      situation: { price_trend: 'stable', artefacts: { output: { a: 1 } } },
      decisions: ['bid', 'wait'],
      outputSchema: null,
    })
  })
})
