import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listExecutions, showExecution } from '../../shared/db/executions/list-executions.ts'
import type { Program } from '../../shared/program/program.ts'
import { verify } from '../../shared/verify/verify.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../workers/scripted-upstream/server.ts'
import { readiness, whySkipped } from '../shared/sandbox/run-program.ts'
import { readBudget } from '../workers/llm-proxy/leased-tokens.ts'
import { configOf, startProxy } from '../workers/llm-proxy/proxy-process.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'
import { workerFleet } from './worker-fleet.ts'

/** Calls its model until it is refused, tells how, and gives up. */
const THINKING_PROGRAM = `
const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env
const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'go on' }], max_tokens: 100 })
const headers = { authorization: 'Bearer ' + OPENAI_API_KEY, 'content-type': 'application/json' }
for (let calls = 0; ; calls++) {
  const answer = await fetch(OPENAI_BASE_URL + '/chat/completions', { method: 'POST', headers, body })
  const told = await answer.json()
  if (answer.ok) continue
  console.log(calls > 0, answer.status, told.error.code)
  process.exit(3)
}
`
const program: Program = {
  command: ['node', 'main.mjs'],
  runtime: 'node',
  files: new Map([['main.mjs', Buffer.from(THINKING_PROGRAM)]]),
}
/** A thousand tokens: a ten-thousandth of a million a minute, for ten minutes. */
const BUNDLE = { cpu: 0.1, memory: 0.1, tokens: 0.0001, durationSeconds: 600 }

describe.skipIf(!readiness.ready)(`a program whose lease has few tokens${whySkipped}`, () => {
  const taskQueue = `tokens-${Date.now().toString(36)}`
  const proxyAddress: Record<string, string> = {}
  const fleet = workerFleet(taskQueue, proxyAddress)
  let own: TestEconomy
  let upstream: ScriptedUpstream

  beforeAll(async () => {
    own = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: taskQueue })
    upstream = await startScriptedUpstream({ script: [{ does: 'answer', words: 50 }] })
    const proxy = await startProxy(process.env.BOURSE_POSTGRES_URL!, configOf([upstream.baseUrl]))
    const { hostname, port } = new URL(proxy.url)
    Object.assign(proxyAddress, { BOURSE_LLM_HOST: hostname, BOURSE_LLM_PORT: port })
    await fleet.start()
  })
  afterAll(async () => {
    await fleet.stopAll()
    await upstream.close()
    await own.close()
  })

  it('is refused when they are spent, and its execution ends for that reason', async () => {
    const marketId = await own.createMarket('tokens', { cycleSeconds: 0.2 })
    await own.economy.registerAgent({ marketId, agent: 'ada', creditsMicro: 100_000_000n, program })
    const bid = { amount: '10', bundle: BUNDLE }
    await own.economy.admitBids(marketId, [{ agent: 'ada', bid, via: 'cli', actor: 'test' }])
    const ended = await eventually(async () => {
      const [first] = await listExecutions(own.db, marketId, 1)
      return first?.status === 'terminated' && first
    })
    const shown = await showExecution(own.db, marketId, ended.leaseId)
    expect(shown).toMatchObject({
      execution: {
        reason: 'tokens',
        exitCode: 3,
        refunded: false,
        stdout: { text: 'true 402 lease_tokens_used_up\n' },
        stderr: { text: '' },
      },
    })
    const { granted, used, reserved, calls, charged } = await readBudget(own.db, ended.leaseId)
    expect({ granted, reserved, charged }).toEqual({ granted: 1_000, reserved: 0, charged: used })
    expect(used).toBeLessThanOrEqual(granted)
    expect(calls).toBe(upstream.seen.length)
    const told = (await own.writtenEvents(marketId)).filter(event => event.type === 'execution_terminated')
    expect(told.map(event => event.data)).toEqual([
      { execution_id: ended.leaseId, exit_code: 3, reason: 'tokens' },
    ])
    const report = await verify({ db: own.db, bus: own.bus, marketId, fromEvents: true })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })
})
