import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../shared/bus/collect.ts'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import { PATIENCE_MS } from '../patience.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

const bundle = { cpu: 0.6, durationSeconds: 1 }
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  await test.close()
})

function signalBid(marketId: string, agent: string, bid: unknown) {
  return test.client.workflow.signalWithStart('agent', {
    workflowId: `agent/${marketId}/${agent}`,
    taskQueue: test.taskQueue,
    args: [],
    signal: 'placeBid',
    signalArgs: [bid],
  })
}

async function eventsOf(marketId: string): Promise<BourseEvent[]> {
  const events: BourseEvent[] = []
  const signal = AbortSignal.timeout(PATIENCE_MS)
  for await (const event of collect({ bus: test.bus, marketId, follow: false, signal })) events.push(event)
  return events
}

async function eventOf(marketId: string, type: string): Promise<BourseEvent> {
  return await eventually(async () => (await eventsOf(marketId)).find(event => event.type === type))
}

describe('a market at work', () => {
  it('takes a bid from its signal to its settled event', async () => {
    const marketId = await test.createMarket('signals', {}, { ada: 100n, boris: 100n })
    const market = test.client.workflow.getHandle(`market/${marketId}`)
    await market.executeUpdate('pause')
    await signalBid(marketId, 'ada', { amount: '30', bundle })
    await signalBid(marketId, 'boris', { amount: '20', bundle })
    await eventually(
      async () => (await eventsOf(marketId)).filter(event => event.type === 'bid_placed').length === 2,
    )
    await market.executeUpdate('resume')

    const ended = await eventOf(marketId, 'lease_ended')
    const events = await eventsOf(marketId)
    const processed = events.filter(event => event.type === 'bid_processed')
    expect(processed.map(event => [event.agent_id, event.data.status])).toEqual([
      ['ada', 'winning'],
      ['boris', 'outbid'],
    ])
    expect(ended.agent_id).toBe('ada')
    expect(events.map(event => event.seq)).toEqual(events.map((_, place) => place + 1))
    expect(new Set(events.map(event => event.event_id)).size).toBe(events.length)
    const { rows } = await test.db.query(
      'select name, available_micro, held_micro from agents where market_id = $1 order by name',
      [marketId],
    )
    expect(rows).toEqual([
      { name: 'ada', available_micro: 70_000_000n, held_micro: 0n },
      { name: 'boris', available_micro: 100_000_000n, held_micro: 0n },
    ])
  })

  it('answers the update placeBid with the verdict, once for one update id', async () => {
    const marketId = await test.createMarket('updates', { cycleSeconds: 60 }, { ada: 100n })
    await signalBid(marketId, 'ada', { amount: '1', bundle })
    const agent = test.client.workflow.getHandle(`agent/${marketId}/ada`)
    const place = () =>
      agent.executeUpdate('placeBid', { args: [{ amount: '30', bundle }], updateId: 'mine' })
    const verdict = await place()
    expect(verdict).toMatchObject({ ok: true, status: 'pending', held: '30' })
    expect(await place()).toEqual(verdict)
    const refused = await agent.executeUpdate('placeBid', { args: [{ amount: '71', bundle }] })
    expect(refused).toMatchObject({ ok: false, error: { code: 'insufficient_balance', required: '71' } })
  })

  it('cancels by signal and answers several bids of one signal in order', async () => {
    const marketId = await test.createMarket('several', {}, { ada: 100n })
    await test.economy.pauseMarket(marketId, 'test')
    await signalBid(marketId, 'ada', {
      bids: [
        { amount: '1', bundle },
        { amount: 'x', bundle },
        { amount: '2', bundle },
      ],
    })
    const agent = test.client.workflow.getHandle(`agent/${marketId}/ada`)
    const verdicts = await eventually(async () => {
      const state = await agent.query<{ verdicts: { verdict: { ok: boolean; bidId: string } }[] }>('state')
      return state.verdicts.length === 3 ? state.verdicts : null
    })
    expect(verdicts.map(one => one.verdict.ok)).toEqual([true, false, true])
    const { bidId } = verdicts[2]!.verdict
    await agent.signal('cancelBid', { bidId })
    expect(await eventOf(marketId, 'bid_cancelled')).toMatchObject({ data: { bid_id: bidId, released: '2' } })
  })

  it.each([
    ['text', 'nonsense'],
    ['a number', 7],
    ['null', null],
    ['an unknown field', { amount: '1', bundle, colour: 'red' }],
    ['a negative amount', { amount: '-1', bundle }],
    ['too many bids', { bids: new Array(101).fill({ amount: '1', bundle }) }],
    ['a huge message', { amount: '1', bundle, key: 'x'.repeat(100_000) }],
  ])('counts a signal with %s, tells it, and goes on', async (_what, nonsense) => {
    const marketId = await test.createMarket('nonsense', {}, { ada: 100n })
    await signalBid(marketId, 'ada', nonsense)
    await signalBid(marketId, 'ada', { amount: '5', bundle })
    const rejected = await eventOf(marketId, 'bid_rejected')
    expect(rejected).toMatchObject({ agent_id: 'ada', data: { reason: 'invalid_bid', count: 1 } })
    expect(await eventOf(marketId, 'bid_processed')).toMatchObject({ data: { status: 'winning' } })
    const state = await test.client.workflow
      .getHandle(`agent/${marketId}/ada`)
      .query<{ nonsense: number }>('state')
    expect(state.nonsense).toBe(1)
  })

  it('is not stalled by a signal whose bytes cannot be read', async () => {
    const marketId = await test.createMarket('bytes', {}, { ada: 100n })
    await signalBid(marketId, 'ada', { amount: '1', bundle })
    const text = new TextEncoder()
    await test.client.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: `agent/${marketId}/ada` },
      signalName: 'placeBid',
      input: {
        payloads: [{ metadata: { encoding: text.encode('json/plain') }, data: text.encode('{"amount": ') }],
      },
    })
    expect(await eventOf(marketId, 'bid_rejected')).toMatchObject({ data: { reason: 'invalid_bid' } })
  })

  it('steps while paused, resumes, and closes with every hold released', async () => {
    const marketId = await test.createMarket('steps', {}, { ada: 100n, boris: 100n })
    const market = test.client.workflow.getHandle(`market/${marketId}`)
    expect(await market.executeUpdate('pause')).toBe('paused')
    await signalBid(marketId, 'ada', { amount: '30', bundle })
    await eventOf(marketId, 'bid_placed')
    expect(await market.executeUpdate('step')).toMatchObject({ cycle: 1, winners: 1, revenue: '30' })
    expect(await market.executeUpdate('step')).toMatchObject({ cycle: 2, winners: 0 })
    expect(await market.executeUpdate('resume')).toBe('open')
    await signalBid(marketId, 'boris', {
      amount: '10',
      bundle: { ...bundle, cpu: 1 },
      goodTillCancelled: true,
    })
    await eventually(async () =>
      (await eventsOf(marketId)).some(event => event.agent_id === 'boris' && event.type === 'bid_placed'),
    )
    await market.executeUpdate('close')
    await market.result()
    const summary = await test.economy.describeMarket(marketId)
    expect(summary).toMatchObject({ ok: true, status: 'closed', pendingBids: 0, activeLeases: 0 })
    const { rows } = await test.db.query('select sum(held_micro) as held from agents where market_id = $1', [
      marketId,
    ])
    expect(rows[0].held).toBe('0')
    const [late] = await test.economy.admitBids(marketId, [
      { agent: 'ada', bid: { amount: '1', bundle }, via: 'cli', actor: 'test' },
    ])
    expect(late).toMatchObject({ ok: false, error: { code: 'market_closed' } })
  })

  it('wakes by itself when its process dies between the commit and the hint', async () => {
    const marketId = await test.createMarket('hintless', {}, { ada: 100n })
    await eventually(async () => {
      const summary = await test.economy.describeMarket(marketId)
      return summary.ok && summary.asleep
    })
    await test.hintless.admitBids(marketId, [
      { agent: 'ada', bid: { amount: '5', bundle }, via: 'cli', actor: 'test' },
    ])
    expect(await eventOf(marketId, 'bid_processed')).toMatchObject({ data: { status: 'winning' } })
    await eventOf(marketId, 'lease_ended')
  })

  it('is started again by the next hint after it was terminated', async () => {
    const marketId = await test.createMarket('terminated', {}, { ada: 100n })
    const before = await test.client.workflow.getHandle(`market/${marketId}`).describe()
    await test.client.workflow.getHandle(`market/${marketId}`).terminate('a test')
    await signalBid(marketId, 'ada', { amount: '5', bundle })
    expect(await eventOf(marketId, 'bid_processed')).toMatchObject({ data: { status: 'winning' } })
    const after = await test.client.workflow.getHandle(`market/${marketId}`).describe()
    expect(after.runId).not.toBe(before.runId)
  })

  it('shares its cycles with whoever runs one by hand', async () => {
    const marketId = await test.createMarket('by-hand', { cycleSeconds: 0.1 }, { ada: 1000n, boris: 1000n })
    const runs = []
    for (let round = 0; round < 5; round++) {
      await signalBid(marketId, round % 2 === 0 ? 'ada' : 'boris', {
        amount: '5',
        bundle: { ...bundle, cpu: 0.01 },
      })
      runs.push(
        test.client.workflow.execute('allocationCycle', {
          taskQueue: test.taskQueue,
          workflowId: `by-hand/${marketId}/${round}`,
          args: [{ marketId }],
        }),
      )
    }
    const outcomes = await Promise.all(runs)
    for (const outcome of outcomes) expect(outcome.cycle).toBeGreaterThanOrEqual(1)
    await eventually(
      async () => (await eventsOf(marketId)).filter(event => event.type === 'lease_ended').length === 5,
    )
    const events = await eventsOf(marketId)
    const cycles = events.flatMap(event => (event.type === 'cycle_cleared' ? [event.data.cycle] : []))
    expect(cycles).toEqual(cycles.map((_, place) => place + 1))
    const processed = events.flatMap(event => (event.type === 'bid_processed' ? [event.data.bid_id] : []))
    expect(new Set(processed).size).toBe(5)
  })
})

describe('nonsense given to a workflow', () => {
  it.each([
    ['market', 'market', { colour: 1 }, '"colour": is not known'],
    ['market', 'market', 'text', 'input: must be one JSON object'],
    ['market', 'market', { marketId: 'UPPER' }, 'marketId: must be 1 to 63'],
    ['market', 'market', { marketId: 5 }, 'marketId: must be 1 to 63'],
    [
      'market',
      'market/no-such-market',
      { marketId: 'no-such-market' },
      'there is no market "no-such-market"',
    ],
    ['market', 'market/one', { marketId: 'other' }, 'workflow id: must be market/other'],
    ['agent', 'agent/x/y', { marketId: 'x', agent: 'z' }, 'workflow id: must be agent/x/z'],
    ['allocationCycle', 'cycle', {}, 'marketId: is missing'],
    ['allocationCycle', 'cycle', { marketId: 'x', cycle: 1.5 }, 'cycle: must be a whole number'],
    ['allocationCycle', 'cycle', { marketId: 'no-such-market' }, 'there is no market "no-such-market"'],
    ['agent', 'agent', { marketId: 'x' }, 'agent: is missing'],
    ['agent', 'agent', { marketId: 'x', agent: '../y' }, 'agent: must be 1 to 63'],
    [
      'agent',
      'agent/no-such-market/y',
      { marketId: 'no-such-market', agent: 'y' },
      'there is no market "no-such-market"',
    ],
    [
      'agent',
      'agent',
      { marketId: 'x', agent: 'y', carried: {} },
      'carried: is written by the workflow itself',
    ],
  ])('%s is refused at once, naming the field: %#', async (type, id, input, message) => {
    const run = test.client.workflow.execute(type, {
      taskQueue: test.taskQueue,
      workflowId: id.includes('/') ? id : `${id}-${Math.random()}`,
      args: [input],
    })
    const error = await run.catch((caught: Error) => caught)
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(messagesOf(error)).toContain(message)
  })

  it('fails an update on a closed market with the reason', async () => {
    const marketId = await test.createMarket('closed-update')
    const market = test.client.workflow.getHandle(`market/${marketId}`)
    await test.economy.registerAgent({ marketId, agent: 'ada', creditsMicro: 10_000_000n })
    await test.economy.admitBids(marketId, [
      {
        agent: 'ada',
        bid: { amount: '5', bundle: { cpu: 0.1, durationSeconds: 5 } },
        via: 'cli',
        actor: 'test',
      },
    ])
    await eventOf(marketId, 'resources_allocated')
    await market.executeUpdate('close')
    const error = await market.executeUpdate('pause').catch((caught: Error) => caught)
    expect(error).toBeInstanceOf(WorkflowUpdateFailedError)
    expect(messagesOf(error)).toMatch(/is clos(ing|ed) and cannot pause/)
  })
})

function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${messagesOf(error.cause)}` : ''
}
