import { afterAll, beforeAll, expect, test } from 'vitest'
import { findAgentOfToken } from '../../../shared/db/agents/agent-tokens.ts'
import { readProgram } from '../../../shared/db/agents/programs.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { bourseJson } from '../../cli/run-bourse.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent, type TestAgent } from './agent-connection.ts'

let economy: TestEconomy
let marketId: string
let ann: TestAgent

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('spawn', { spawnFee: '4' }, { bob: 5n })
  await economy.economy.registerAgent({
    marketId,
    agent: 'ann',
    owner: 'ada',
    creditsMicro: 100_000_000n,
    program: {
      command: ['node', 'main.mjs'],
      runtime: 'node',
      files: new Map([['main.mjs', Buffer.from('console.log(1)')]]),
    },
  })
  ann = await connectAgent(marketId, 'ann')
})

afterAll(async () => {
  await ann.connection.close()
  await economy.close()
})

test('pays for a child with its program, and is told its token once', async () => {
  const request = { agent: 'ann-2', credits: '20.5', files: { 'genes/notes.txt': 'be frugal' }, key: 'first' }
  const born = await ann.client.request('social.spawn', request)
  expect(born).toMatchObject({ ok: true, agent: 'ann-2', credits: '20.5', fee: '4', balance: '75.5' })
  if (!born.ok) throw new Error(born.error.message)
  expect(await ann.client.request('social.spawn', request)).toEqual({ ...born, token: null })

  expect(await findAgentOfToken(economy.db, born.token!)).toMatchObject({
    ok: true,
    marketId,
    agent: 'ann-2',
  })

  const child = await connectAgent(marketId, 'ann-2')
  expect(await child.client.request('economic.get_balance', {})).toMatchObject({
    balance: '20.5',
    status: 'alive',
  })
  const grandchild = await child.client.request('social.spawn', { agent: 'ann-3', credits: 1 })
  expect(grandchild).toMatchObject({ ok: true, balance: '15.5' })
  await child.connection.close()

  const { rows } = await economy.db.query(
    `select a.name, a.owner, a.generation, p.name as parent, a.agent_id from agents a
       left join agents p on p.agent_id = a.parent_id where a.market_id = $1 and a.name like 'ann%' order by a.name`,
    [marketId],
  )
  expect(rows.map(({ agent_id: _agentId, ...row }) => row)).toEqual([
    { name: 'ann', owner: 'ada', generation: 0, parent: null },
    { name: 'ann-2', owner: 'ada', generation: 1, parent: 'ann' },
    { name: 'ann-3', owner: 'ada', generation: 2, parent: 'ann-2' },
  ])
  expect((await bourseJson(['agent', 'show', marketId, 'ann-2'])).document).toMatchObject({
    story: { parent: 'ann', generation: 1, children: ['ann-3'] },
  })
  const program = await readProgram(economy.db, rows[1].agent_id)
  expect([...program!.files].map(([name, content]) => [name, Buffer.from(content).toString()])).toEqual([
    ['main.mjs', 'console.log(1)'],
    ['notes.txt', 'be frugal'],
  ])
})

test('is refused what it cannot have, and then has what it had', async () => {
  const balance = async () => {
    const told = await ann.client.request('economic.get_balance', {})
    return told.ok ? told.balance : null
  }
  const before = await balance()
  const spawn = async (request: object) => {
    const born = await ann.client.request('social.spawn', { agent: 'new', credits: 1, ...request })
    return born.ok ? 'ok' : born.error.code
  }
  expect(await spawn({ agent: 'bob' })).toBe('agent_exists')
  expect(await spawn({ agent: 'Bob' })).toBe('invalid_request')
  expect(await spawn({ credits: '74' })).toBe('insufficient_balance')
  expect(await spawn({ credits: 0 })).toBe('invalid_request')
  expect(await spawn({ files: { '..': 'x' } })).toBe('invalid_program')
  expect(await balance()).toBe(before)
})

test('one that spawns from everywhere at once pays for what is there', async () => {
  const born = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      ann.client.request('social.spawn', { agent: `many-${n}`, credits: 6 }),
    ),
  )
  const { rows } = await economy.db.query(
    `select count(*)::int as children, (select available_micro from agents where market_id = $1 and name = 'ann') as left
       from agents where market_id = $1 and name like 'many-%'`,
    [marketId],
  )
  const children = born.filter(one => one.ok).length
  expect(rows[0]).toEqual({ children, left: 75_500_000n - BigInt(children) * 10_000_000n })
  expect(children).toBe(7)
})

test('all of it is what the events say', async () => {
  const audit = await verify({ db: economy.db, bus: economy.bus, marketId, fromEvents: true })
  expect(audit.checks.filter(check => !check.ok)).toEqual([])
})
