import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isEventName } from '../../../shared/events/registry.ts'
import { calibrationCaseSchema, judgeAgreement } from '../../../shared/scenario/calibration.ts'
import { criteriaOf } from '../../../shared/scenario/checks/judge-checks.ts'
import { standardScenario } from './catalogue.ts'

const FOLDER = join(import.meta.dirname, '../../../scenarios/calibration')
const cases = readdirSync(FOLDER)
  .toSorted()
  .map(name => calibrationCaseSchema.parse(JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))))

const judgeBy = (score: (given: number) => number) =>
  new Map(
    cases.map(({ id, scores }) => [
      id,
      Object.fromEntries(Object.entries(scores).map(([criterion, given]) => [criterion, score(given)])),
    ]),
  )

describe('the calibration', () => {
  it('has thirty transcripts, each scored by all criteria of its scenario', () => {
    expect(cases).toHaveLength(30)
    for (const { id, scenario, scores, transcript } of cases) {
      expect([id, Object.keys(scores)]).toEqual([id, Object.keys(criteriaOf(standardScenario(scenario)))])
      expect(transcript.filter(({ type }) => !isEventName(type))).toEqual([])
    }
  })

  it('uses the whole scale, and holds cases that pass and cases that do not', () => {
    expect(new Set(cases.flatMap(({ scores }) => Object.values(scores)))).toEqual(new Set([1, 2, 3, 4, 5]))
    const means = cases.map(
      ({ scores }) => Object.values(scores).reduce((a, b) => a + b) / Object.keys(scores).length,
    )
    expect(means.filter(mean => mean >= 3).length).toBeGreaterThanOrEqual(10)
    expect(means.filter(mean => mean < 3).length).toBeGreaterThanOrEqual(10)
  })
})

describe('the agreement of a judge with it', () => {
  it('is whole for a judge that scores as people do', () => {
    const agreement = judgeAgreement(
      cases,
      judgeBy(given => given),
    )
    expect(agreement).toMatchObject({
      alpha: 1,
      meanAbsoluteError: 0,
      bias: 0,
      exact: 1,
      withinOne: 1,
      sameSide: 1,
      cases: 30,
    })
  })

  it('shows a judge that gives everybody the same, that is generous, or that has it the wrong way round', () => {
    expect(
      judgeAgreement(
        cases,
        judgeBy(() => 5),
      ).alpha,
    ).toBeLessThan(0.1)
    expect(
      judgeAgreement(
        cases,
        judgeBy(given => Math.min(5, given + 1)),
      ),
    ).toMatchObject({ withinOne: 1 })
    expect(
      judgeAgreement(
        cases,
        judgeBy(given => Math.min(5, given + 1)),
      ).bias,
    ).toBeGreaterThan(0.3)
    expect(
      judgeAgreement(
        cases,
        judgeBy(given => 6 - given),
      ).alpha,
    ).toBeLessThan(0)
  })

  it('leaves out what was not scored whole', () => {
    const [first, second] = cases as [(typeof cases)[0], (typeof cases)[0]]
    const some = new Map([
      [first.id, first.scores],
      [second.id, { [Object.keys(second.scores)[0]!]: 5 }],
    ])
    expect(judgeAgreement(cases, some)).toMatchObject({ cases: 1 })
    expect(judgeAgreement(cases, new Map())).toMatchObject({ alpha: null, exact: null, cases: 0 })
  })
})
