import { describe, expect, it } from 'vitest'
import { CommandFailure } from '../../../cli/command-failure.ts'
import { readMarketSettings } from '../../../cli/input/market-settings.ts'
import { readRuleChanges } from '../../../cli/input/rule-changes.ts'
import { allowedValues, listRules } from '../../../cli/show/rule-list.ts'
import { rulesSchema } from '../../../shared/market/rules.ts'

function refusalOf(input: unknown) {
  try {
    readMarketSettings(input)
  } catch (error) {
    if (error instanceof CommandFailure) return { exitCode: error.exitCode, ...error.report }
    throw error
  }
  return null
}

describe("a market's settings", () => {
  it('are the defaults when nothing is said', () => {
    expect(readMarketSettings({}, 'Pit')).toMatchObject({ displayName: 'Pit', rules: rulesSchema.parse({}) })
  })

  it('may give rules at the top or under "rules"', () => {
    const top = readMarketSettings({ cycleSeconds: 2, rules: { bidsPerSecond: null } })
    expect(top.rules).toMatchObject({ cycleSeconds: 2, bidsPerSecond: null })
  })

  it.each([
    [{ cycleSecond: 2 }, 'cycleSecond'],
    [{ rules: { cycleSeconds: 0 } }, 'rules.cycleSeconds'],
    [{ rules: 7 }, 'rules'],
    [{ resources: [] }, 'resources'],
    [[], 'settings'],
    ['x', 'settings'],
  ])('%j are refused by name', (input, named) => {
    const refusal = refusalOf(input)
    expect(refusal).toMatchObject({ exitCode: 1, code: 'invalid_rules' })
    expect(refusal?.message).toContain(named)
  })
})

describe('the list of rules', () => {
  it('has every rule with its default and what is allowed', () => {
    const rules = listRules()
    const defaults: Record<string, unknown> = rulesSchema.parse({})
    expect(rules.map(rule => rule.name)).toEqual(Object.keys(rulesSchema.shape))
    for (const rule of rules) {
      expect(rule.default).toBe(defaults[rule.name])
      expect(rule.description).not.toBe('')
      expect(allowedValues(rule)).not.toBe('')
    }
    expect(rules.find(rule => rule.name === 'cycleSeconds')).toMatchObject({
      minimum: 0.1,
      maximum: 86_400,
      unit: 'seconds',
    })
    expect(rules.find(rule => rule.name === 'policy')?.choices).toEqual(['highest-bid', 'posted-price'])
    expect(rules.find(rule => rule.name === 'bidsPerSecond')?.nullable).toBe(true)
  })
})

describe('changes of rules', () => {
  it('are read as JSON, else as text', () => {
    expect(readRuleChanges(['cycleSeconds=2', 'policy=posted-price', 'bidsPerSecond=null'])).toEqual({
      cycleSeconds: 2,
      policy: 'posted-price',
      bidsPerSecond: null,
    })
  })

  it('name their rule', () => {
    expect(() => readRuleChanges(['2'])).toThrow('is not of the form')
  })
})
