import { describe, expect, it } from 'vitest'
import { doubts } from '../../../shared/scenario/check-scenario.ts'
import { criteriaOf } from '../../../shared/scenario/checks/judge-checks.ts'
import { readScenario } from '../../../shared/scenario/read-scenario.ts'
import { agentTask } from '../../../shared/scenario/situation.ts'
import { catalogueTexts, standardScenario } from './catalogue.ts'

const texts = catalogueTexts()

describe('the catalogue', () => {
  it('has the 25 standard scenarios', () => {
    const ids = [...texts.keys()]
    const count = (domain: string) => ids.filter(id => standardScenario(id).domain === domain).length
    expect(count('functional_competence')).toBe(5)
    expect(count('economic_reasoning')).toBe(15)
    expect(count('self_improvement')).toBe(5)
    expect(ids).toHaveLength(25)
  })

  it.each([...texts])('%s is a scenario without doubts, in a file of its name', (id, text) => {
    const read = readScenario(text)
    expect(read.ok ? [read.scenario.id, doubts(read.scenario)] : read.problem).toEqual([id, []])
  })

  it.each([...texts.keys()])('%s leaks nothing of how it is judged by its task', id => {
    const scenario = standardScenario(id)
    const told = JSON.stringify(agentTask(scenario))
    for (const criterion of Object.keys(criteriaOf(scenario))) expect(told).not.toContain(criterion)
    expect(told).not.toContain(scenario.expected_behavior)
    expect(told).not.toContain('success_condition')
  })

  it('hands on what improvement makes from one scenario to the next', () => {
    expect(standardScenario('si_002').follows).toEqual({ scenario: 'si_001', artefacts: ['proposed_change'] })
    expect(standardScenario('si_003').follows).toEqual({
      scenario: 'si_002',
      artefacts: ['modified_program'],
    })
  })

  it('says of every scenario what was mended or is peculiar', () => {
    for (const id of texts.keys()) expect(standardScenario(id).notes.length).toBeGreaterThan(0)
  })
})
