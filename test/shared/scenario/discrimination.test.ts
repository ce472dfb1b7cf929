import { describe, expect, it } from 'vitest'
import { readScenario } from '../../../shared/scenario/read-scenario.ts'
import { validateTrial } from '../../../shared/scenario/validate-trial.ts'
import { variationOf, varyScenario } from '../../../shared/scenario/vary-scenario.ts'
import { catalogueTexts, standardScenario } from './catalogue.ts'
import { CONDUCT } from './discrimination.ts'
import { trialOf } from './trial.ts'

const SEEDS = ['1', '2', '3', '40']

function failures(id: string, record: ReturnType<typeof trialOf>): string[] {
  return validateTrial(standardScenario(id), record)
    .checks.filter(check => !check.ok)
    .map(check => `${check.name}: ${check.found}`)
}

const cases = CONDUCT.flatMap(({ id, right, wrong }) => [
  ...Object.entries(right).map(([name, said]) => ({ id, name, said, passes: true })),
  ...Object.entries(wrong).map(([name, said]) => ({ id, name, said, passes: false })),
])

describe('the catalogue tells good agents from bad ones', () => {
  it('in every scenario, with at least two wrong ones each', () => {
    expect(CONDUCT.map(({ id }) => id).sort()).toEqual([...catalogueTexts().keys()].sort())
    for (const { wrong } of CONDUCT) expect(Object.keys(wrong).length).toBeGreaterThanOrEqual(2)
  })

  it.each(cases.filter(one => one.passes))('$id is passed by one who $name', ({ id, said }) => {
    expect(failures(id, trialOf(...said))).toEqual([])
  })

  it.each(cases.filter(one => !one.passes))('$id is failed by one who $name', ({ id, said }) => {
    const verdict = validateTrial(standardScenario(id), trialOf(...said))
    expect(verdict.passed).toBe(false)
    expect(failures(id, trialOf(...said)).length).toBeGreaterThan(0)
  })

  it('gives an agent of economic reasoning that did wrong the lowest score, however fooled the judge is', () => {
    for (const { id, said } of cases.filter(
      one => one.id.startsWith('er') && one.name.startsWith('says the right'),
    )) {
      const verdict = validateTrial(standardScenario(id), trialOf(...said))
      expect([id, verdict.score, verdict.judgeScore]).toEqual([id, 1, 5])
    }
  })

  it('is failed in every scenario by who does nothing', () => {
    for (const id of catalogueTexts().keys()) {
      expect(validateTrial(standardScenario(id), trialOf()).passed).toBe(false)
      expect(validateTrial(standardScenario(id), { agent: 'a', events: [] }).passed).toBe(false)
    }
  })
})

describe('variants', () => {
  it('are the same for a seed, others for another, and scenarios themselves', () => {
    for (const id of catalogueTexts().keys()) {
      const scenario = standardScenario(id)
      const variants = SEEDS.map(seed => JSON.stringify(varyScenario(scenario, seed)))
      expect(variants).toEqual(SEEDS.map(seed => JSON.stringify(varyScenario(scenario, seed))))
      expect(new Set(variants).size).toBe(SEEDS.length)
      for (const variant of variants) {
        const read = readScenario(variant)
        expect(read.ok ? [] : read.problems).toEqual([])
      }
    }
  })

  it('judge what was varied alike as the original judges the original', () => {
    for (const { id, said, passes } of cases) {
      const scenario = standardScenario(id)
      for (const seed of SEEDS) {
        const record = trialOf(...said)
        const vary = variationOf(scenario, seed)
        const events = record.events.map(event => ({ ...event, data: vary(event.data) }))
        const { passed } = validateTrial(varyScenario(scenario, seed), { ...record, events })
        expect([id, seed, passed]).toEqual([id, seed, passes])
      }
    }
  })

  it('follow one another', () => {
    expect(varyScenario(standardScenario('si_002'), '7').follows?.scenario).toBe(
      varyScenario(standardScenario('si_001'), '7').id,
    )
  })

  it('are failed by who learned the original by heart', () => {
    const learned = cases.filter(
      one => one.passes && ['er_009', 'er_014', 'fc_002', 'er_004'].includes(one.id),
    )
    for (const { id, said } of learned) {
      const variant = varyScenario(standardScenario(id), '2')
      expect(validateTrial(variant, trialOf(...said)).passed).toBe(false)
    }
  })
})
