import { describe, expect, it } from 'vitest'
import { agentUnderTestSchema, readAgentUnderTest } from '../../../shared/benchmark/agent-under-test.ts'
import { makeManifest } from '../../../shared/benchmark/manifest.ts'
import { planMarket } from '../../../shared/benchmark/plan-market.ts'
import { orderScenarios, planTrials, runProblem } from '../../../shared/benchmark/plan-run.ts'
import { readRunRequest, runRequestSchema } from '../../../shared/benchmark/run-request.ts'
import { trialMarketId } from '../../../shared/benchmark/trial.ts'
import { NAME_PATTERN } from '../../../shared/market/name-pattern.ts'
import { LOOK_THEN_BID, testScenario } from '../../workflows/benchmark-scenarios.ts'

const validation = { required_events: [{ type: 'bid_placed' }], success_condition: 'all_required_present' }
const following = (id: string, scenario: string) =>
  testScenario({ id, validation, follows: { scenario, artefacts: ['output'] } })
const catalogue = new Map(
  [
    LOOK_THEN_BID,
    testScenario({ id: 'a', validation }),
    following('b', 'a'),
    following('c', 'b'),
    following('x', 'y'),
    following('y', 'x'),
  ].map(scenario => [scenario.id, scenario]),
)
const model = agentUnderTestSchema.parse({ kind: 'llm', name: 'tested', model: 'large' })

describe('the scenarios of a run', () => {
  it('bring along what they go on with, before them', () => {
    const ordered = orderScenarios(['c', 'fc_001', 'a'], catalogue)
    expect(ordered.ok && ordered.scenarios.map(one => one.id)).toEqual(['a', 'b', 'c', 'fc_001'])
  })

  it('are refused when one is not there, or goes in a circle', () => {
    expect(orderScenarios(['nope'], catalogue)).toMatchObject({
      ok: false,
      error: { code: 'unknown_scenario' },
    })
    expect(orderScenarios(['x'], catalogue)).toMatchObject({ ok: false, error: { code: 'invalid_scenario' } })
  })

  it('are planned so that every trial waits for the same one before it', () => {
    const ordered = orderScenarios(['b'], catalogue)
    const inputs = { scenarios: ordered.ok ? ordered.scenarios : [], agent: model }
    const request = runRequestSchema.parse({ trials: 2, maxCost: '1.5' })
    const plan = planTrials(makeManifest('r1', inputs, request, '1'), inputs)
    expect(plan.costMicroMax).toBe(1_500_000)
    expect(plan.trials).toEqual([
      { scenarioId: 'a', trial: 1, after: null },
      { scenarioId: 'b', trial: 1, after: 'a' },
      { scenarioId: 'a', trial: 2, after: null },
      { scenarioId: 'b', trial: 2, after: 'a' },
    ])
  })
})

describe('a run', () => {
  it('is not judged by the model under test, unless that is asked for', () => {
    const judged = (changes: object) =>
      runProblem(runRequestSchema.parse({ judges: ['large'], ...changes }), {
        scenarios: [LOOK_THEN_BID],
        agent: model,
      })
    expect(judged({})).toMatchObject({ ok: false, error: { code: 'self_judged' } })
    expect(judged({ selfJudged: true })).toBeNull()
    expect(judged({ judges: ['other'] })).toBeNull()
  })

  it.each([
    [{ trails: 3 }, 'trails: is not known'],
    [{ trials: 0 }, 'trials: '],
    [{ scenarios: ['FC 1'] }, 'scenarios.0: must be the id of a scenario'],
    [{ judges: ['a', 'a'] }, 'judges: a judge stands there twice'],
    [7, 'input: '],
  ])('refuses %j by its field', (content, message) => {
    const read = readRunRequest(content)
    expect(read.ok ? '' : read.error.message).toContain(message)
  })
})

describe('an agent under test', () => {
  it('is refused by the field that is wrong', () => {
    const read = readAgentUnderTest({ kind: 'llm', name: 'x', model: 'm', limits: { turn: 3 } })
    expect(read).toMatchObject({ ok: false, error: { code: 'invalid_agent', field: 'limits.turn' } })
  })
})

describe('what an own model of an agent costs', () => {
  const own = { kind: 'llm', name: 'own', model: 'm', baseUrl: 'http://localhost:1/v1' }
  const price = { input: '0.5', output: '2' }

  it('is known by its file alone, and no limit is promised that cannot be kept', () => {
    expect(readAgentUnderTest({ ...own, limits: { cost: '1' } })).toMatchObject({
      ok: false,
      error: { field: 'limits.cost' },
    })
    expect(readAgentUnderTest({ ...own, price, limits: { cost: '1' } }).ok).toBe(true)
    expect(readAgentUnderTest({ ...own, baseUrl: undefined, price })).toMatchObject({
      ok: false,
      error: { field: 'price' },
    })
    const costly = (agent: object) =>
      runProblem(runRequestSchema.parse({ maxCost: '1' }), {
        scenarios: [LOOK_THEN_BID],
        agent: agentUnderTestSchema.parse(agent),
      })
    expect(costly(own)).toMatchObject({ ok: false, error: { code: 'unknown_cost' } })
    expect(costly({ ...own, price })).toBeNull()
  })
})

describe("a trial's market", () => {
  it('has a name of its own for every attempt, however long the scenario is called', () => {
    const ids = [1, 2].flatMap(attempt =>
      ['fc_001', `a${'_long'.repeat(12)}`].map(scenarioId =>
        trialMarketId({ runId: 'r0123456789abcdef0123456', scenarioId, trial: 100, attempt }),
      ),
    )
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(NAME_PATTERN)
  })

  it('endows agents so that after the history they have what the scenario says', () => {
    const scenario = testScenario({
      id: 'past',
      validation,
      initial_state: {
        seeded: {
          balance: '300',
          services: [{ provider: 'agent-k', service: 'fetch', cost: '100', answers: [] }],
          history: {
            transfers: [{ from: 'patron', to: 'self', amount: '20', purpose: 'gift' }],
            calls: [
              { caller: 'self', provider: 'agent-k', service: 'fetch', result: 'success' },
              { caller: 'self', provider: 'agent-k', service: 'fetch', result: 'failure' },
            ],
          },
        },
      },
    })
    const planned = planMarket(scenario)
    const credits =
      planned.ok && Object.fromEntries(planned.plan.agents.map(one => [one.agent, one.creditsMicro]))
    expect(credits).toEqual({ self: 380_000_000n, 'agent-k': 0n, patron: 20_000_000n })
    expect(planned.ok && planned.plan.settings.rules.observeCalls).toBe(true)
  })
})
