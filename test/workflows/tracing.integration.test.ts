import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spawnBourse } from '../cli/run-bourse.ts'
import { ownDatabase } from '../shared/db/own-database.ts'
import { callersTrace } from '../shared/telemetry/callers-trace.ts'
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
  treeOf,
} from '../shared/telemetry/otlp-receiver.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'
import { endProcess, startTracedWorker } from './traced-worker.ts'

/** Ten thousand bids are seventy thousand spans, made and read by processes that share this machine. */
const MANY_SPANS_WAIT_MS = 100_000
const bundle = { cpu: 0.6, durationSeconds: 1 }
const own = await ownDatabase()
let receiver: OtlpReceiver
let worker: ChildProcess
let test: TestEconomy
let env: Record<string, string>

beforeAll(async () => {
  receiver = await startOtlpReceiver()
  env = {
    BOURSE_POSTGRES_URL: own.url,
    BOURSE_TASK_QUEUE: `traced-${Date.now().toString(36)}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  }
  test = await openTestEconomy({ ...process.env, ...env })
  worker = await startTracedWorker(env)
})
afterAll(async () => {
  await endProcess(worker)
  await test.close()
  await receiver.close()
})

function signal(marketId: string, agent: string, name: string, message: unknown) {
  return test.client.workflow.signalWithStart('agent', {
    workflowId: `agent/${marketId}/${agent}`,
    taskQueue: test.taskQueue,
    args: [],
    signal: name,
    signalArgs: [message],
  })
}

async function spansOf(traceId: string, ...names: string[]): Promise<ReceivedSpan[]> {
  return await eventually(async () => {
    const spans = receiver.spans().filter(span => span.traceId === traceId)
    return names.every(name => spans.some(span => span.name === name)) && spans
  })
}

function one(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter(span => span.name === name)
  expect(found.map(span => span.name)).toEqual([name])
  return found[0]!
}

async function place(marketId: string, agent: string, bid: object): Promise<string> {
  const [verdict] = await test.economy.admitBids(marketId, [{ agent, bid, via: 'cli', actor: 'test' }])
  if (!verdict?.ok) throw new Error(JSON.stringify(verdict))
  return verdict.bidId
}

const WAY = {
  'bid admission': {},
  'bid hold': {},
  'bid wait': {},
  'bid clearing': {},
  'bid settlement': {},
  'bid publication': {},
}

describe("a bid's trace", () => {
  it("goes from its sender's own traceparent to the end of its lease", async () => {
    const marketId = await test.createMarket('won', {}, { ada: 100n, boris: 100n })
    const ada = callersTrace()
    const boris = callersTrace()
    await signal(marketId, 'ada', 'placeBid', { amount: '30', bundle, traceparent: ada.traceparent })
    await signal(marketId, 'boris', 'placeBid', { amount: '20', bundle, traceparent: boris.traceparent })

    const won = await spansOf(ada.traceId, 'bid', 'lease')
    expect(treeOf(won, ada.traceId)).toEqual({ bid: { ...WAY, 'lease start': {}, lease: {} } })
    const bid = one(won, 'bid')
    expect(bid.parentSpanId).toBe(ada.spanId)
    expect(bid).toMatchObject({
      service: 'bourse-market-worker',
      problem: null,
      attributes: {
        'bourse.market': marketId,
        'bourse.agent': 'ada',
        'bourse.bid.amount': '30',
        'bourse.bid.via': 'signal',
        'bourse.bid.outcome': 'winning',
      },
    })
    expect(one(won, 'bid hold').attributes['bourse.hold.outcome']).toBe('settled')
    expect(one(won, 'bid settlement').attributes['bourse.bid.paid']).toBe('30')
    const lease = one(won, 'lease')
    expect(lease.endMs - lease.startMs).toBeCloseTo(1000, 0)

    const lost = await spansOf(boris.traceId, 'bid', 'bid publication')
    expect(treeOf(lost, boris.traceId)).toEqual({ bid: WAY })
    const clearing = one(lost, 'bid clearing')
    expect(clearing.attributes).toMatchObject({
      'bourse.bid.rank': 2,
      'bourse.cycle.cutoff_score': '30000000',
      'bourse.cycle.price_source': expect.any(String),
      'bourse.bid.explanation': expect.stringContaining('40 % of cpu where it asked 60 %'),
    })

    // The cycle has a trace of its own; it and its bids name each other.
    const cycleTraceId = clearing.links[0]!.traceId
    const ofCycle = await spansOf(cycleTraceId, 'cycle', 'RunActivity:settleCycle')
    const cycle = one(ofCycle, 'cycle')
    expect(clearing.links[0]!.spanId).toBe(cycle.spanId)
    expect(cycle.attributes).toMatchObject({ 'bourse.cycle.winners': 1, 'bourse.cycle.losers': 1 })
    expect(cycle.links.map(link => [link.traceId, link.spanId])).toEqual([
      [ada.traceId, bid.spanId],
      [boris.traceId, one(lost, 'bid').spanId],
    ])
    expect(treeOf(ofCycle, cycleTraceId)).toEqual({
      'cycle due': {
        'RunActivity:openCycle': {
          cycle: { 'cycle clearing': {}, 'cycle settlement': {}, 'cycle publication': {} },
        },
        'RunActivity:settleCycle': {},
      },
    })
  })

  it('begins at the command that places it, and goes through Temporal', async () => {
    const marketId = await test.createMarket('command', {}, { ada: 100n })
    const sender = callersTrace()
    const args = ['bid', marketId, 'ada', '--amount', '30', '--cpu', '0.1', '--duration', '1', '--json']
    for (const via of ['update', 'signal']) {
      const { stdout } = await spawnBourse([...args, '--via', via], {
        env: { ...env, TRACEPARENT: sender.traceparent },
      })
      expect(JSON.parse(stdout)).toMatchObject({ ok: true })
    }
    const spans = await eventually(async () => {
      const found = receiver.spans().filter(span => span.traceId === sender.traceId)
      return found.filter(span => span.name === 'lease').length === 2 && found
    })
    const [byUpdate, bySignal] = spans
      .filter(span => span.name === 'place bid')
      .toSorted((a, b) => a.startMs - b.startMs)
    expect([byUpdate!.parentSpanId, bySignal!.parentSpanId]).toEqual([sender.spanId, sender.spanId])
    expect(byUpdate!.service).toBe('bourse-cli')
    const chainOf = (span: ReceivedSpan): string[] => {
      const parent = spans.find(other => other.spanId === span.parentSpanId)
      return parent === undefined ? [span.name] : [span.name, ...chainOf(parent)]
    }
    expect(spans.filter(span => span.name === 'bid').map(chainOf)).toEqual(
      expect.arrayContaining([
        ['bid', 'UpdateWithStartWorkflow:placeBid', 'place bid'],
        ['bid', 'SignalWithStartWorkflow:agent', 'place bid'],
      ]),
    )
    expect(spans.some(span => span.name === 'RunActivity:answerMessages')).toBe(true)
  })

  it('is its own when nobody sent one, and is found by its id', async () => {
    const marketId = await test.createMarket('own', {}, { ada: 100n })
    const bidId = await place(marketId, 'ada', { amount: '30', bundle })
    const traceId = bidId.replaceAll('-', '')
    const spans = await spansOf(traceId, 'bid', 'lease')
    expect(treeOf(spans, traceId)).toEqual({ bid: { ...WAY, 'lease start': {}, lease: {} } })
    expect(one(spans, 'bid').parentSpanId).toBeNull()
    const written = (await test.writtenEvents(marketId)).filter(event => event.correlation_id === bidId)
    expect(new Set(written.map(event => event.trace_id))).toEqual(new Set([traceId]))
  })

  it('follows a trace whose sender recorded nothing, without hanging under what is not there', async () => {
    const marketId = await test.createMarket('unsampled', {}, { ada: 100n })
    const sender = callersTrace()
    const traceparent = sender.traceparent.replace(/01$/, '00')
    await place(marketId, 'ada', { amount: '30', bundle, traceparent })
    const spans = await spansOf(sender.traceId, 'bid', 'lease')
    expect(one(spans, 'bid').parentSpanId).toBeNull()
  })

  it('tells of a refusal, a cancel and an expiry as much as of a win', async () => {
    const marketId = await test.createMarket('others', { cycleSeconds: 60 }, { ada: 100n })
    await test.economy.pauseMarket(marketId, 'test')
    const [refused, cancelled, expired] = [callersTrace(), callersTrace(), callersTrace()]
    await signal(marketId, 'ada', 'placeBid', { amount: '101', bundle, traceparent: refused.traceparent })
    const ofRefused = await spansOf(refused.traceId, 'bid', 'bid admission')
    const bidId = await place(marketId, 'ada', { amount: '1', bundle, traceparent: cancelled.traceparent })
    await signal(marketId, 'ada', 'cancelBid', { bidId })
    const expiresAt = new Date(Date.now() + 1_000).toISOString()
    await place(marketId, 'ada', { amount: '2', bundle, expiresAt, traceparent: expired.traceparent })

    expect(treeOf(ofRefused, refused.traceId)).toEqual({ bid: { 'bid admission': {} } })
    expect(one(ofRefused, 'bid')).toMatchObject({
      parentSpanId: refused.spanId,
      problem: 'refused, insufficient_balance: it needs 101 credits and 100 are available',
      attributes: { 'bourse.bid.outcome': 'refused', 'bourse.bid.reason': 'insufficient_balance' },
    })
    const undecided = { 'bid admission': {}, 'bid hold': {}, 'bid wait': {}, 'bid publication': {} }
    for (const [{ traceId }, outcome] of [
      [cancelled, 'cancelled'],
      [expired, 'expired'],
    ] as const) {
      const spans = await spansOf(traceId, 'bid', 'bid publication')
      expect(treeOf(spans, traceId)).toEqual({ bid: undecided })
      expect(one(spans, 'bid').attributes['bourse.bid.outcome']).toBe(outcome)
      expect(one(spans, 'bid hold').attributes['bourse.hold.outcome']).toBe('released')
    }
  })

  it('makes no flood of spans of a flood of bids', async () => {
    const marketId = await test.createMarket('flood', { bidsPerSecond: 1, bidBurst: 1 }, { ada: 100n })
    const sent = Array.from({ length: 500 }, () => ({
      agent: 'ada',
      bid: { amount: '1', bundle, traceparent: callersTrace().traceparent },
      via: 'cli' as const,
      actor: 'test',
    }))
    await test.economy.admitBids(marketId, sent)
    const told = await eventually(async () =>
      receiver
        .spans()
        .find(span => span.name === 'bids refused' && span.attributes['bourse.market'] === marketId),
    )
    expect(told.attributes).toMatchObject({ 'bourse.bid.reason': 'rate_limited' })
    const ofMarket = receiver.spans().filter(span => span.attributes['bourse.market'] === marketId)
    expect(ofMarket.filter(span => span.name === 'bid').length).toBeLessThanOrEqual(2)
    expect(ofMarket.filter(span => span.name === 'bids refused').length).toBeLessThanOrEqual(4)
  })

  it('is one of many in a cycle, whose trace holds none of them', async () => {
    const BIDS = 10_000
    const marketId = await test.createMarket(
      'many',
      { maxOpenBids: BIDS, bidsPerSecond: null, cycleSeconds: 1 },
      { ada: 100_000n },
    )
    await test.economy.pauseMarket(marketId, 'test')
    const sent = Array.from({ length: BIDS }, (_, place) => ({
      agent: 'ada',
      bid: { amount: (1 + place / 10_000).toFixed(4), bundle: { cpu: 0.0005, durationSeconds: 600 } },
      via: 'cli' as const,
      actor: 'test',
    }))
    while (sent.length > 0) {
      const verdicts = await test.economy.admitBids(marketId, sent.splice(0, 1_000))
      expect(verdicts.filter(verdict => !verdict.ok)).toEqual([])
    }
    await test.economy.resumeMarket(marketId, 'test')
    const ofMarket = await eventually(async () => {
      const spans = receiver.spans().filter(span => span.attributes['bourse.market'] === marketId)
      const isThere = spans.filter(span => span.name === 'bid').length === BIDS
      return isThere && spans.some(span => span.name === 'cycle') && spans
    }, MANY_SPANS_WAIT_MS)
    const cycle = one(ofMarket, 'cycle')
    expect(cycle.links).toHaveLength(100)
    expect(cycle.droppedLinks).toBe(BIDS - 100)
    expect(cycle.attributes).toMatchObject({ 'bourse.cycle.winners': 2_000, 'bourse.cycle.losers': 8_000 })
    const clearings = ofMarket.filter(span => span.name === 'bid clearing')
    expect(new Set(clearings.map(span => span.links[0]!.spanId))).toEqual(new Set([cycle.spanId]))
    expect(new Set(ofMarket.filter(span => span.name === 'bid').map(span => span.traceId)).size).toBe(BIDS)
    expect(receiver.spans().filter(span => span.traceId === cycle.traceId).length).toBeLessThan(20)
  })

  it('survives the death of its worker, and a collector that is away', async () => {
    const marketId = await test.createMarket('killed', {}, { ada: 100n })
    await test.economy.pauseMarket(marketId, 'test')
    const sender = callersTrace()
    await signal(marketId, 'ada', 'placeBid', { amount: '30', bundle, traceparent: sender.traceparent })
    await eventually(async () => {
      const market = await test.economy.describeMarket(marketId)
      return market.ok && market.pendingBids === 1
    })
    receiver.answer(503)
    await endProcess(worker, 'SIGKILL')
    worker = await startTracedWorker(env)
    await test.economy.resumeMarket(marketId, 'test')
    await eventually(async () => {
      const market = await test.economy.describeMarket(marketId)
      return market.ok && market.lastCycle?.winners === 1 && market.publishedSeq === market.lastSeq
    })
    await endProcess(worker, 'SIGKILL')
    expect(receiver.spans().some(span => span.traceId === sender.traceId)).toBe(false)
    receiver.answer(200)
    worker = await startTracedWorker(env)
    const spans = await spansOf(sender.traceId, 'bid', 'lease')
    expect(treeOf(spans, sender.traceId)).toEqual({ bid: { ...WAY, 'lease start': {}, lease: {} } })
  })

  it('told again is the same trace', async () => {
    const marketId = await test.createMarket('again', {}, { ada: 100n })
    const bidId = await place(marketId, 'ada', { amount: '30', bundle })
    const traceId = bidId.replaceAll('-', '')
    const before = await spansOf(traceId, 'bid', 'lease')
    const received = receiver.received()
    await test.db.query('update span_emissions set told_seq = 0 where market_id = $1', [marketId])
    await eventually(async () => {
      const { rows } = await test.db.query('select told_seq from span_emissions where market_id = $1', [
        marketId,
      ])
      return rows[0].told_seq > 0n
    })
    expect(receiver.received()).toBeGreaterThan(received)
    const again = receiver.spans().filter(span => span.traceId === traceId)
    expect(again.map(span => [span.name, span.spanId]).sort()).toEqual(
      before.map(span => [span.name, span.spanId]).sort(),
    )
  })
})
