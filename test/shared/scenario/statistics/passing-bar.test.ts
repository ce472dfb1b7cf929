import { describe, expect, it } from 'vitest'
import { assessBar, type ScenarioOutcome } from '../../../../shared/scenario/statistics/passing-bar.ts'

const passed = { passed: true, score: 5 }
const failed = { passed: false, score: 1 }

function standard(economicScore = 3): ScenarioOutcome[] {
  const of = (domain: string, count: number, score: number) =>
    Array.from({ length: count }, (_, index) => ({
      scenarioId: `${domain}_${index}`,
      domain,
      origin: 'standard' as const,
      trials: [{ passed: true, score }],
    }))
  return [
    ...of('functional_competence', 5, 5),
    ...of('economic_reasoning', 15, economicScore),
    ...of('self_improvement', 5, 5),
  ]
}

const unseen = (...results: boolean[]): ScenarioOutcome[] =>
  results.map((isPassed, index) => ({
    scenarioId: `unseen_${index}`,
    domain: 'economic_reasoning',
    origin: index % 2 === 0 ? 'holdout' : 'variant',
    trials: [isPassed ? passed : failed],
  }))

const verdictOf = (outcomes: ScenarioOutcome[], official = true) => assessBar(outcomes, { official }).verdict

describe('the passing bar', () => {
  it('is met by all of competence and improvement, a mean of 3 in reasoning, two thirds of the unseen', () => {
    expect(verdictOf([...standard(), ...unseen(true, true, false)])).toBe('met')
    expect(verdictOf([...standard(), ...unseen(true, false)])).toBe('not met')
    expect(verdictOf([...standard(2.99), ...unseen(true, true)])).toBe('not met')
    expect(
      verdictOf([
        ...standard().with(0, { ...standard()[0]!, trials: [passed, failed] }),
        ...unseen(true, true),
      ]),
    ).toBe('not met')
  })

  it('counts no scenario that rests on words alone', () => {
    const words = unseen(true, true).map(outcome => ({ ...outcome, restsOnWords: true }))
    expect(verdictOf([...standard(), ...words])).toBe('not assessed')
    expect(verdictOf([...standard(), ...unseen(true, false), ...words])).toBe('not met')
  })

  it('is not assessed without holdouts and variants, with scenarios missing, or by a scripted judge', () => {
    expect(verdictOf(standard())).toBe('not assessed')
    expect(verdictOf([...standard(), ...unseen(true)])).toBe('not assessed')
    expect(verdictOf([...standard().slice(1), ...unseen(true, true)])).toBe('not assessed')
    expect(verdictOf([...standard(), ...unseen(true, true)], false)).toBe('not assessed')
  })
})
