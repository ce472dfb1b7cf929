import { describe, expect, it } from 'vitest'
import { readScenario } from '../../../shared/scenario/read-scenario.ts'
import { restsOnWordsAlone } from '../../../shared/scenario/words-alone.ts'
import { exampleScenario } from './example.ts'

const words = {
  required_events: [{ type: 'reasoning_trace', label: 'reasons' }],
  judge_evaluation: { criteria: ['weighs_risk'], pass_threshold: 3 },
  success_condition: 'judge_score >= threshold',
}

function isOfWords(changes: object): boolean {
  const read = readScenario(JSON.stringify(exampleScenario({ validation: { ...words, ...changes } })))
  if (!read.ok) throw new Error(read.problem)
  return restsOnWordsAlone(read.scenario)
}

describe('a scenario rests on words alone', () => {
  it.each([
    {},
    { required_events: [{ type: 'tool_call_initiated', tool_name: 'trace.reasoning' }] },
    { ordering_constraints: ['reasoning_trace BEFORE output_submitted'] },
    { conditions: { bid: { event: { type: 'bid_placed' } } } },
  ])('when no act decides it: %j', changes => expect(isOfWords(changes)).toBe(true))

  it.each([
    { required_events: [{ type: 'bid_placed' }] },
    { forbidden_events: [{ type: 'bid_placed' }] },
    { ordering_constraints: ['economic.get_balance BEFORE reasoning_trace'] },
    { resource_consumption: { bids: '==0' } },
    {
      conditions: { bid: { event: { type: 'bid_placed' } } },
      success_condition: 'judge_score >= threshold AND bid',
    },
    { success_condition: 'judge_score >= threshold AND all_services_succeeded' },
  ])('and not when one does: %j', changes => expect(isOfWords(changes)).toBe(false))
})
