import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyChange, giveWorkspace, readChanged } from '../../../shared/db/executions/code-workspaces.ts'
import { workspaceSchema } from '../../../shared/scenario/workspace.ts'
import { readiness, whySkipped } from '../../shared/sandbox/run-program.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent, type TestAgent } from './agent-connection.ts'

const SLOW = { timeoutMs: 100_000 }
const WORKSPACE = workspaceSchema.parse({
  files: {
    'lib/sum.mjs': 'export const sum = list => list.reduce((all, one) => all + one, 0) + 0\n',
    'check.mjs': "import { sum } from './lib/sum.mjs'\nprocess.exit(sum([1, 2, 3]) === 6 ? 0 : 1)\n",
    'measure.mjs':
      "import { sum } from './lib/sum.mjs'\nconsole.log(JSON.stringify({ result: sum([1, 2]) }))\n",
  },
  modules: { sum: 'lib/sum.mjs' },
  tests: [{ name: 'adds_up', command: ['node', 'check.mjs'] }],
  measure: { command: ['node', 'measure.mjs'], trials: 2 },
})

let test: TestEconomy
let marketId: string
let ann: TestAgent
let ben: TestAgent

beforeAll(async () => {
  test = await openTestEconomy()
  marketId = await test.createMarket(
    'code',
    { observeCalls: true },
    { ann: 10n, ben: 10n, cho: 10n, dan: 10n },
  )
  await giveWorkspace(test.db, { marketId, agent: 'ann' }, WORKSPACE, {})
  ann = await connectAgent(marketId, 'ann')
  ben = await connectAgent(marketId, 'ben')
})
afterAll(async () => {
  await ann.connection.close()
  await ben.connection.close()
  await test.close()
})

const change = (newText: string, targetModule = 'sum') => ({
  targetModule,
  newText,
  changeDescription: 'Adds differently.',
  expectedImprovement: 'faster',
})

async function proposed(newText: string): Promise<string> {
  const answer = await ann.client.request('code.propose', change(newText))
  if (!answer.ok) throw new Error(answer.error.message)
  return answer.changeId
}

describe('a program that an agent is to improve', () => {
  it('is shown to its agent alone, who may change its modules and nothing else', async () => {
    const read = await ann.client.request('code.read', {})
    expect(read).toMatchObject({ ok: true, modules: { sum: 'lib/sum.mjs' }, tests: ['adds_up'] })
    expect(await ben.client.request('code.read', {})).toMatchObject({
      ok: false,
      error: { code: 'no_workspace' },
    })
    const other = await ann.client.request('code.propose', change('process.exit(0)', 'check.mjs'))
    expect(other).toMatchObject({ ok: false, error: { code: 'unknown_module' } })
    const changeId = await proposed('export const sum = () => 6\n')
    const stolen = await ben.client.request('code.apply', { changeId }, SLOW)
    expect(stolen).toMatchObject({ ok: false, error: { code: 'no_workspace' } })
  })

  it('takes no change that was tested on what it is not any more', async () => {
    const cho = { marketId, agent: 'cho' }
    const modules = { sum: 'lib/sum.mjs', check: 'check.mjs' }
    await giveWorkspace(test.db, cho, { ...WORKSPACE, modules }, {})
    const asked = await connectAgent(marketId, 'cho')
    const tested = []
    for (const targetModule of ['sum', 'check']) {
      const answer = await asked.client.request('code.propose', change('export {}\n', targetModule))
      if (!answer.ok) throw new Error(answer.error.message)
      const read = await readChanged(test.db, cho, answer.changeId)
      if (!read.ok) throw new Error(read.error.message)
      const { workspace, module, before } = read
      tested.push({ ...cho, key: null, changeId: answer.changeId, module, before, files: workspace.files })
    }
    const results = { outcome: 'all_passed' as const, tests: [] }
    const outcomes = await Promise.all(
      tested.map(one => applyChange(test.db, async () => {}, { ...one, results })),
    )
    expect(outcomes.map(one => one.ok).toSorted()).toEqual([false, true])
    expect(outcomes.find(one => !one.ok)).toMatchObject({ error: { code: 'workspace_changed' } })
    const told = (await test.writtenEvents(marketId)).filter(event => event.type === 'code_change_applied')
    expect(told).toHaveLength(1)
    const read = await asked.client.request('code.read', {})
    const files = read.ok ? Object.values(read.files) : []
    expect(files.filter(text => text === 'export {}\n')).toHaveLength(1)
    await asked.connection.close()
  })

  it.skipIf(!readiness.ready)(`is tested once at a time${whySkipped}`, async () => {
    const { measure: _, ...unmeasured } = WORKSPACE
    await giveWorkspace(test.db, { marketId, agent: 'dan' }, unmeasured, {})
    const dan = await connectAgent(marketId, 'dan')
    const answers = await Promise.all([1, 2, 3].map(() => dan.client.request('test.run', {}, SLOW)))
    expect(answers.filter(answer => answer.ok)).toHaveLength(1)
    for (const answer of answers) {
      if (!answer.ok) expect(answer.error.code).toBe('too_many_requests')
    }
    await dan.connection.close()
  })

  it.skipIf(!readiness.ready)(`is changed, tested and measured by the platform${whySkipped}`, async () => {
    const good = await proposed(
      'export const sum = list => { let all = 0; for (const one of list) all += one; return all }\n',
    )
    const applied = await ann.client.request('code.apply', { changeId: good }, SLOW)
    const results = {
      outcome: 'all_passed',
      tests: [{ name: 'adds_up', passed: true }],
      baseline: [{ result: 3 }, { result: 3 }],
      modified: [{ result: 3 }, { result: 3 }],
    }
    expect(applied).toEqual({ ok: true, changeId: good, modulesModified: ['sum'], ...results })
    const bad = await proposed('export const sum = () => 7\n')
    const broken = await ann.client.request('code.apply', { changeId: bad }, SLOW)
    expect(broken).toMatchObject({
      ok: true,
      outcome: 'some_failed',
      baseline: [{ result: 3 }, { result: 3 }],
      modified: [{ result: 7 }, { result: 7 }],
    })
    expect(await ann.client.request('test.run', {}, SLOW)).toMatchObject({ ok: true, outcome: 'some_failed' })
    const events = await test.writtenEvents(marketId)
    const [told] = events.filter(event => event.type === 'code_change_applied' && event.agent_id === 'ann')
    expect(told!.data).toEqual({
      change_id: good,
      modules_modified: ['sum'],
      tests_run: 1,
      test_results: results,
    })
    const [first] = events.filter(event => event.type === 'code_change_proposed' && event.agent_id === 'ann')
    expect(first!.data).toMatchObject({
      target_module: 'sum',
      diff: expect.stringContaining('+export const sum = () => 6'),
    })
  })
})
