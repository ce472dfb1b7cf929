import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { connect, headers, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SERVERS } from '../../../setup/servers.mjs'
import { inboxPrefix, rpcSubject } from '../../../shared/rpc/subjects.ts'
import { obtainServer } from '../../../workers/stack/ladder.ts'
import { freePort } from '../../../workers/stack/ports.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { callersTrace } from '../../shared/telemetry/callers-trace.ts'
import { type OtlpReceiver, startOtlpReceiver, treeOf } from '../../shared/telemetry/otlp-receiver.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { endProcess, startTracedWorker } from '../../workflows/traced-worker.ts'

const GATEWAY = fileURLToPath(new URL('../../../workers/gateway.ts', import.meta.url))
const own = await ownDatabase()
const started: ChildProcess[] = []
let receiver: OtlpReceiver
let economy: TestEconomy
let natsUrl: string

/** A worker and a gateway that send traces, and a NATS server for agents where no other gateway takes their requests. */
beforeAll(async () => {
  receiver = await startOtlpReceiver()
  natsUrl = `nats://127.0.0.1:${await freePort('nats')}`
  const env = {
    BOURSE_POSTGRES_URL: own.url,
    BOURSE_NATS_GATEWAY_URL: natsUrl,
    BOURSE_TASK_QUEUE: `traced-request-${Date.now().toString(36)}`,
    BOURSE_LOG_LEVEL: 'warn',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  }
  economy = await openTestEconomy({ ...process.env, ...env })
  const found = await obtainServer(SERVERS.nats, {
    env: { ...process.env, BOURSE_NATS_URL: undefined },
    onProgress: () => {},
  })
  if (found.kind === 'address') throw new Error('needs a NATS of its own')
  const port = new URL(natsUrl).port
  started.push(spawn(found.path, ['-a', '127.0.0.1', '-p', port], { stdio: 'ignore' }))
  await (await connectAgent('nobody', 'nobody')).close()
  const gateway = fork(GATEWAY, { env: { ...process.env, ...env }, execArgv: [] })
  started.push(gateway)
  const [worker] = await Promise.all([startTracedWorker(env), once(gateway, 'message')])
  started.push(worker)
})
afterAll(async () => {
  for (const process of started.toReversed()) await endProcess(process)
  await economy.close()
  await receiver.close()
})

/** A client that also waits for a server that is about to start. */
async function connectAgent(marketId: string, agent: string): Promise<NatsConnection> {
  return await connect({
    servers: natsUrl,
    inboxPrefix: inboxPrefix(marketId, agent),
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
}

it("a client's own traceparent is followed through the gateway to the end of its bid's lease", async () => {
  const marketId = await economy.createMarket('requested', {}, { ada: 100n })
  const sender = callersTrace()
  const traced = headers()
  traced.set('traceparent', sender.traceparent)
  const agent = await connectAgent(marketId, 'ada')
  const bid = { amount: '30', bundle: { cpu: 0.5, durationSeconds: 1 } }
  const reply = await agent.request(rpcSubject(marketId, 'ada', 'market.bid'), JSON.stringify(bid), {
    headers: traced,
    timeout: PATIENCE_MS,
  })
  await agent.close()
  const verdict = reply.json<{ ok: boolean; bidId: string }>()
  expect(verdict).toMatchObject({ ok: true })

  const spans = await eventually(async () => {
    const found = receiver.spans().filter(span => span.traceId === sender.traceId)
    const names = ['agent market.bid', 'bid', 'lease']
    return names.every(name => found.some(span => span.name === name)) && found
  })
  expect(treeOf(spans, sender.traceId)).toEqual({
    'agent market.bid': {
      bid: {
        'bid admission': {},
        'bid hold': {},
        'bid wait': {},
        'bid clearing': {},
        'bid settlement': {},
        'bid publication': {},
        'lease start': {},
        lease: {},
      },
    },
  })
  const named = (name: string) => spans.find(span => span.name === name)!
  expect(named('agent market.bid')).toMatchObject({
    service: 'bourse-gateway',
    parentSpanId: sender.spanId,
    attributes: { 'bourse.market': marketId, 'bourse.agent': 'ada' },
  })
  expect(named('bid')).toMatchObject({
    service: 'bourse-market-worker',
    attributes: { 'bourse.bid.id': verdict.bidId, 'bourse.bid.via': 'nats', 'bourse.bid.outcome': 'winning' },
  })
  const written = await economy.writtenEvents(marketId)
  const ofBid = written.filter(event => event.correlation_id === verdict.bidId)
  expect(new Set(ofBid.map(event => event.trace_id))).toEqual(new Set([sender.traceId]))
})
