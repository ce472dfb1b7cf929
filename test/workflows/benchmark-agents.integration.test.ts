import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeReport, type TrialReport } from '../../shared/benchmark/run-report.ts'
import { connectAgent } from '../../shared/bus/agent-connection.ts'
import { readiness, whySkipped } from '../shared/sandbox/run-program.ts'
import { startRun } from './benchmark-runs.ts'
import { LOOK_THEN_BID } from './benchmark-scenarios.ts'
import { openTestEconomy, type TestEconomy } from './economy-client.ts'

const stamp = Date.now().toString(36)
const BUNDLE = { cpu: 0.1, durationSeconds: 1 }
const servers: Server[] = []
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await test.close()
})

async function serve(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(async (request, response) => answer(request, await text(request), response))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Runs one trial of one scenario with this agent, and tells how it ended. */
async function tried(name: string, agent: Record<string, unknown>): Promise<TrialReport> {
  const runId = `${name}-${stamp}`
  const { store, handle } = await startRun(test, runId, {
    scenarios: [LOOK_THEN_BID],
    agent: { name, ...agent },
  })
  await handle.result()
  const run = await store.readRun(runId)
  if (!run.ok) throw new Error(run.error.message)
  return makeReport(run, await store.listTrials(runId)).scenarios[0]!.trials[0]!
}

it('is a model with the operations of the gateway as its tools', async () => {
  const offered: string[] = []
  const acts = [
    ['economic-get_balance', '{}'],
    ['market-bid', 'no JSON'],
    ['market-bid', JSON.stringify({ amount: '20', bundle: BUNDLE })],
    ['task-finish', '{}'],
  ]
  const baseUrl = await serve((_request, body, response) => {
    const { tools } = JSON.parse(body) as { tools: { function: { name: string } }[] }
    offered.push(...tools.map(tool => tool.function.name))
    const [name, given] = acts.shift()!
    const call = { id: `call-${acts.length}`, type: 'function', function: { name, arguments: given } }
    const message = { role: 'assistant', content: null, tool_calls: [call] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        id: 'x',
        object: 'chat.completion',
        created: 0,
        model: 'played',
        choices: [{ index: 0, finish_reason: 'tool_calls', message }],
        usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
      }),
    )
  })
  const trial = await tried('model', { kind: 'llm', model: 'played', baseUrl: `${baseUrl}/v1` })
  expect(trial.reasons).toEqual([])
  expect(trial.termination).toMatchObject({ reason: 'finished', tokens: 440 })
  expect(offered).toContain('market-quote')
})

it('is scored when its model says what is no text, and asks for what are no calls', async () => {
  const baseUrl = await serve((_request, _body, response) => {
    const message = { role: 'assistant', content: 42, tool_calls: [null, 7, { id: 'x' }] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        id: 'x',
        object: 'chat.completion',
        created: 0,
        model: 'odd',
        choices: [{ index: 0, finish_reason: 'stop', message }],
        usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 },
      }),
    )
  })
  const trial = await tried('odd', { kind: 'llm', model: 'odd', baseUrl: `${baseUrl}/v1` })
  expect(trial).toMatchObject({ outcome: 'failed', termination: { reason: 'finished', detail: '42' } })
})

it('is a program elsewhere, which is told where to go', async () => {
  const startUrl = await serve((_request, body, response) => {
    response.writeHead(202).end()
    void (async () => {
      const { market, agent, token, natsUrl } = JSON.parse(body)
      const connection = await connectAgent({ servers: natsUrl.split(','), marketId: market, agent, token })
      await connection.request('economic.get_balance', {})
      await connection.request('market.bid', { amount: '20', bundle: BUNDLE })
      await connection.request('task.finish', {})
      await connection.close()
    })()
  })
  const trial = await tried('remote', { kind: 'remote', startUrl })
  expect(trial.reasons).toEqual([])
  expect(trial.termination!.reason).toBe('finished')
})

it.skipIf(!readiness.ready)(`is a program in the sandbox${whySkipped}`, async () => {
  const program = `
    import { connect } from 'nats'
    const { NATS_URL, NATS_INBOX_PREFIX, BOURSE_TOKEN, BOURSE_MARKET, BOURSE_AGENT } = process.env
    const bus = await connect({ servers: NATS_URL, token: BOURSE_TOKEN, inboxPrefix: NATS_INBOX_PREFIX })
    const ask = (operation, request) =>
      bus.request('bourse.' + BOURSE_MARKET + '.agent.' + BOURSE_AGENT + '.rpc.' + operation, JSON.stringify(request))
    await ask('economic.get_balance', {})
    await ask('market.bid', { amount: '20', bundle: ${JSON.stringify(BUNDLE)} })
    await bus.close()
  `
  const command = ['node', 'main.mjs']
  const trial = await tried('program', {
    kind: 'sandbox',
    command,
    runtime: 'node',
    files: { 'main.mjs': program },
  })
  expect(trial.reasons).toEqual([])
  expect(trial.outcome).toBe('passed')
})

it('is cut off at its limits, and scored', async () => {
  const trial = await tried('slow', { function: 'slow', limits: { seconds: 1 } })
  expect(trial).toMatchObject({ outcome: 'failed', score: 1, termination: { reason: 'seconds', turns: 1 } })
})

it('has no verdict when its model does not answer: that is not its fault', async () => {
  const trial = await tried('silent', {
    kind: 'llm',
    model: 'silent',
    baseUrl: await serve((_request, _body, response) =>
      response.writeHead(400).end('{"error":{"message":"no"}}'),
    ),
  })
  expect(trial).toMatchObject({ outcome: 'infrastructure', verdict: null, attempt: 3 })
  expect(trial.reasons[0]).toContain('model silent refused the request')
})
