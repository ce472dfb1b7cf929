import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { scenarioJsonSchema } from '../../../shared/scenario/json-schema.ts'
import { catalogueTexts } from './catalogue.ts'
import { exampleScenario } from './example.ts'

const isScenario = new Ajv2020({ strict: false, allErrors: false }).compile(scenarioJsonSchema())

describe('the JSON Schema of scenarios', () => {
  it.each([...catalogueTexts()])('takes %s', (_id, text) => {
    expect([isScenario(JSON.parse(text)), isScenario.errors]).toEqual([true, null])
  })

  it('refuses unknown keys, and takes those that lead into the data of events', () => {
    const withMatcher = (matcher: object) =>
      exampleScenario({
        validation: { required_events: [{ type: 'bid_placed', ...matcher }], success_condition: 'a' },
      })
    expect(isScenario(withMatcher({ 'data.bundle.cpu': 0.1 }))).toBe(true)
    expect(isScenario(withMatcher({ total_cost: 5 }))).toBe(false)
    expect(isScenario(exampleScenario({ difficulty: 3 }))).toBe(false)
  })

  it('is the one that stands beside the catalogue for editors', () => {
    const path = join(import.meta.dirname, '../../../scenarios/schema/scenario.schema.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())))
  })
})
