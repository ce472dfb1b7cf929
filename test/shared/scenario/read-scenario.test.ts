import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readScenario, readScenarioFile } from '../../../shared/scenario/read-scenario.ts'
import { exampleScenario } from './example.ts'

const text = (changes: Record<string, unknown> = {}) => JSON.stringify(exampleScenario(changes), null, 2)

function problemsOf(written: string): { path: string; line: number; column: number; message: string }[] {
  const read = readScenario(written)
  return read.ok ? [] : read.problems
}

const validation = (changes: object) => ({
  validation: {
    required_events: [{ type: 'bid_placed', label: 'offer' }],
    success_condition: 'all_required_present',
    ...changes,
  },
})

describe('the file of a scenario', () => {
  it('is read', () => {
    expect(readScenario(text())).toMatchObject({ ok: true, scenario: { id: 'example_001' } })
  })

  it('says at which line and column something is wrong, and where in the document', () => {
    const written = text().replace('"bid_placed"', '"bid_plcaed"').replace('"domain":', '"domian":')
    expect(problemsOf(written)).toMatchObject([
      { path: 'domain', line: 1, column: 1 },
      {
        path: 'validation.required_events[0].type',
        line: written.split('\n').findIndex(line => line.includes('plcaed')) + 1,
        column: 9,
      },
      { path: 'domian', line: 3, column: 3, message: '"domian" is not known here' },
    ])
  })

  it.each([
    ['', 'is no JSON'],
    ['{"id": 1,}', 'is no JSON: PropertyNameExpected'],
    ['{"id": "a" // why\n}', 'is no JSON: InvalidCommentToken'],
    ['[]', 'expected object'],
    ['{"id": "a", "id": "b"}', '"id" stands here twice'],
    ['['.repeat(100_000), 'is nested more than 64 deep'],
    [`"${'x'.repeat(1_000_001)}"`, 'has more than 1000000 characters'],
  ])('cannot be %.20s', (written, message) => {
    expect(problemsOf(written)[0]?.message).toContain(message)
  })

  it.each([
    ['\ufeff{}', 'begins with a byte order mark'],
    ['{"__proto__": {}}', '"__proto__" is not known here'],
    ['{"id": "a\\u0000"}', 'has a character NUL'],
    ['{"id": "\\ud800"}', 'has half a character'],
  ])('is not %j', (written, message) => expect(problemsOf(written)[0]?.message).toContain(message))

  it('is UTF-8, or says where it is not', () => {
    const bytes = new TextEncoder().encode(text().replace('"bid_placed"', '"bid_~laced"'))
    bytes[bytes.indexOf(126)] = 0xe4
    const read = readScenarioFile(bytes)
    const line =
      text()
        .split('\n')
        .findIndex(one => one.includes('bid_placed')) + 1
    expect(read).toMatchObject({ ok: false, problems: [{ line, message: 'is not UTF-8' }] })
    expect(readScenarioFile(new TextEncoder().encode(text())).ok).toBe(true)
  })

  it.each([
    [
      validation({ required_events: [{ type: 'bid_placed', 'data.total_cost': '<=50' }] }),
      'validation.required_events[0].data.total_cost',
      'comparisons stand in where or constraints',
    ],
    [
      validation({ required_events: [{ type: 'tool_call_initiated', tool_name: 'market.bidd' }] }),
      'validation.required_events[0].tool_name',
      'there is no operation "market.bidd"',
    ],
    [
      validation({ required_events: [{ type: 'reasoning_trace', constraints: { decision: 'waitt' } }] }),
      'validation.required_events[0].constraints.decision',
      'does not tell of a decision "waitt"',
    ],
    [
      validation({ required_events: [{ type: 'bid_placed', where: { 'total cost': '<5' } }] }),
      'validation.required_events[0].where.total cost',
      'the key must be a path',
    ],
    [
      validation({ ordering_constraints: ['offer BEFORE offer'] }),
      'validation.ordering_constraints[0]',
      'nothing is before itself',
    ],
    [
      validation({ judge_evaluation: { criteria: ['a', 'a'] } }),
      'validation.judge_evaluation.criteria',
      'stands there twice',
    ],
    [
      validation({ success_condition: 'all_requird_present' }),
      'validation.success_condition',
      '"all_requird_present" is not known',
    ],
    [
      validation({ success_condition: 'judge_score >= 3' }),
      'validation.success_condition',
      'judge_score needs judge_evaluation',
    ],
    [validation({ success_condition: 'offer AND' }), 'validation.success_condition', 'column 10'],
    [
      validation({ ordering_constraints: ['offer BEFORE data_fetch'] }),
      'validation.ordering_constraints[0]',
      '"data_fetch" is no label',
    ],
    [
      validation({ forbidden_events: [{ type: 'bid_placed', where: { total_cost: '>first.total_cost' } }] }),
      'validation.forbidden_events[0]',
      'refers to "first"',
    ],
    [
      validation({ conditions: { offer: { no_event: { type: 'bid_rejected' } } } }),
      'validation.required_events[0].label',
      '"offer" is the name of something else',
    ],
    [
      validation({ required_events: [{ type: 'reasoning_trace', 'data.decision': 'waitt' }] }),
      'validation.required_events[0].data.decision',
      'does not tell of a decision "waitt"',
    ],
    [
      validation({ statistical_significance: { num_trials: 10, confidence_level: 0.95 } }),
      'validation.statistical_significance',
      'needs a metric',
    ],
    [
      {
        initial_state: { seeded: { balance: '1', agents: [{ id: 'q', balance: '30' }] } },
        injections: [20, 20].map((amount, n) => ({
          name: `pays_${n}`,
          when: { after_ms: 1 },
          do: { hook: 'pay', from: 'q', to: 'self', amount: String(amount), purpose: 'as asked' },
        })),
      },
      'injections[1].do.amount',
      'q has 10 credits for it: give it more in initial_state.seeded.agents',
    ],
    [
      { injections: [{ name: 'a', when: { after_ms: 1 }, do: { hook: 'start_rival', rival: 'r' } }] },
      'injections[0].do.rival',
      'there is no rival "r"',
    ],
    [
      { initial_state: { seeded: { balance: '1', prices: { gold: '1' } } } },
      'initial_state.seeded.prices.gold',
      'the market sells cpu, memory',
    ],
    [
      {
        initial_state: {
          seeded: {
            balance: '1',
            rivals: [
              {
                id: 'r',
                balance: '5',
                strategy: {
                  kind: 'repeat',
                  amount: '1',
                  bundle: { cpu: 2, durationSeconds: 5 },
                  every_ms: 500,
                },
              },
            ],
          },
        },
      },
      'initial_state.seeded.rivals[0].strategy.bundle',
      'cpu is a fraction of capacity',
    ],
  ])('does not fit together: %j', (changes, path, message) => {
    const problems = problemsOf(text(changes))
    expect(problems.map(problem => problem.path)).toContain(path)
    expect(problems.find(problem => problem.path === path)?.message).toContain(message)
  })

  it('is read or refused with places, whatever it is', () => {
    const whole = text()
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(40), fc.string(), (from, length, instead) => {
        const read = readScenario(whole.slice(0, from) + instead + whole.slice(from + length))
        if (read.ok) return
        expect(read.problems.length).toBeGreaterThan(0)
        for (const problem of read.problems) expect(problem.line).toBeGreaterThan(0)
      }),
    )
    fc.assert(fc.property(fc.jsonValue(), value => void readScenario(JSON.stringify(value))))
  })
})
