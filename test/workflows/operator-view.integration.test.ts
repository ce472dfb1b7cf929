import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AgentState, MarketState } from '../../shared/contracts/workflows.ts'
import { createPriceSchedules } from '../../shared/temporal/price-schedules.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

const bundle = { cpu: 0.6, durationSeconds: 1 }
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  await test.close()
})

/** As from the UI's form: no search attribute, no summary, only an id. */
function startByHand(type: string, workflowId: string, ...args: unknown[]) {
  return test.client.workflow.start(type, { taskQueue: test.taskQueue, workflowId, args })
}

function signalBid(marketId: string, agent: string, bid: unknown) {
  return test.client.workflow.signalWithStart('agent', {
    workflowId: `agent/${marketId}/${agent}`,
    taskQueue: test.taskQueue,
    args: [],
    signal: 'placeBid',
    signalArgs: [bid],
  })
}

async function foundBy(query: string): Promise<string[]> {
  const found: string[] = []
  for await (const { workflowId } of test.client.workflow.list({ query })) found.push(workflowId)
  return found.toSorted()
}

async function detailsOf(handle: WorkflowHandle): Promise<string> {
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
  return currentDetails ?? ''
}

describe('finding workflows in the Temporal UI', () => {
  it('by market, agent and cycle, however they were started', async () => {
    const marketId = await test.createMarket('found', {}, { ada: 100n })
    await startByHand('market', `market/${marketId}`).catch(() => {})
    await signalBid(marketId, 'ada', { amount: '30', bundle })
    await eventually(async () => {
      const market = await test.economy.describeMarket(marketId)
      return market.ok && market.lastCycle?.cycle === 1
    })
    const schedules = createPriceSchedules(test.client, test.taskQueue)
    await eventually(() => schedules.find(marketId))
    await test.client.schedule.getHandle(`price-update/${marketId}`).trigger()
    // A paused market does not join in the cycle that is started by hand.
    await test.economy.pauseMarket(marketId, 'test')
    await startByHand('allocationCycle', `by-hand/${marketId}`, { marketId }).then(run => run.result())

    const all = await eventually(async () => {
      const found = await foundBy(`BourseMarket = '${marketId}'`)
      return found.length === 5 && found
    })
    expect(all).toEqual([
      `agent/${marketId}/ada`,
      `by-hand/${marketId}`,
      `cycle/${marketId}/1`,
      `market/${marketId}`,
      expect.stringContaining(`price-update/${marketId}`),
    ])
    expect(await foundBy(`BourseMarket = '${marketId}' and BourseAgent = 'ada'`)).toEqual([
      `agent/${marketId}/ada`,
    ])
    expect(await foundBy(`BourseMarket = '${marketId}' and BourseCycle = 2`)).toEqual([`by-hand/${marketId}`])
    expect(await foundBy(`BourseMarket = '${marketId}' and BourseCycle = 1`)).toEqual([`cycle/${marketId}/1`])
  })
})

describe('reading workflows in the Temporal UI', () => {
  it('tells how market, cycle and agent stand without opening an event', async () => {
    const marketId = await test.createMarket('read', {}, { ada: 100n })
    const agent = await signalBid(marketId, 'ada', { amount: '30', bundle })
    await agent.signal('placeBid', { amount: '1', bundle, '# Balance': '9000' })
    const market = test.client.workflow.getHandle(`market/${marketId}`)
    const cycle = test.client.workflow.getHandle(`cycle/${marketId}/1`)
    await eventually(async () => (await detailsOf(market)).includes('**Cycle 1** at'))
    await market.executeUpdate('pause')
    await eventually(async () => (await detailsOf(market)).includes('is paused'))

    expect(await detailsOf(market)).toMatch(
      /1 won, 0 outbid[\s\S]*\*\*Book:\*\* 0 pending bids[\s\S]*\*\*Posted prices\*\* at the floor/,
    )
    expect(await detailsOf(cycle)).toMatch(
      /was settled at .*[\s\S]*1 won, 0 outbid, 0 left waiting, 30 credits paid/,
    )
    await eventually(async () => (await detailsOf(agent)).includes('refused, invalid'))
    const told = await detailsOf(agent)
    expect(told).toContain('available')
    expect(told).toContain('\\"\\# Balance\\"')
  })

  it('describes every signal, update and query', async () => {
    const marketId = await test.createMarket('described', {}, { ada: 100n })
    const agent = await signalBid(marketId, 'ada', { amount: '30', bundle })
    for (const handle of [agent, test.client.workflow.getHandle(`market/${marketId}`)]) {
      const { definition } = await handle.query<{
        definition: Record<string, { name: string; description?: string }[]>
      }>('__temporal_workflow_metadata')
      const handlers = [
        ...definition.signalDefinitions!,
        ...definition.updateDefinitions!,
        ...definition.queryDefinitions!,
      ].filter(({ name }) => !name.startsWith('__'))
      expect(handlers.length).toBeGreaterThanOrEqual(4)
      for (const { name, description } of handlers) expect(`${name}: ${description}`).toMatch(/: .{10}/)
    }
  })

  it("shows a refusal as the workflow's own failure, with its field and remedy", async () => {
    for (const [type, id, input] of [
      ['market', 'market/nowhere', {}],
      ['allocationCycle', `nowhere-${Date.now()}`, { marketId: 'nowhere' }],
      ['agent', 'agent/nowhere/ann', {}],
      ['priceUpdate', 'price-update/nowhere', {}],
    ] as const) {
      const run = await startByHand(type, id, input)
      const failed = await run.result().catch(caught => caught)
      expect(failed).toBeInstanceOf(WorkflowFailedError)
      expect(failed.cause).toMatchObject({
        type: 'unknown_market',
        details: [{ field: 'marketId' }],
        message: expect.stringContaining('bourse market create nowhere'),
      })
    }
  })

  it("finds an agent's verdict by the bid's own key", async () => {
    const marketId = await test.createMarket('keys', {}, { ada: 100n })
    const agent = await signalBid(marketId, 'ada', {
      bids: [
        { amount: '3', bundle, key: 'mine' },
        { amount: '500', bundle, key: 'too-much' },
        { amount: '4', bundle },
      ],
    })
    const all = await eventually(async () => {
      const state = await agent.query<AgentState>('state')
      return state.verdicts.length === 3 && state.verdicts
    })
    const one = await agent.query<AgentState, [unknown]>('state', { key: 'too-much' })
    expect(one.verdicts).toEqual([all[1]])
    expect(one.verdicts[0]).toMatchObject({ verdict: { error: { code: 'insufficient_balance' } } })
    expect((await agent.query<AgentState, [unknown]>('state', { key: 'another' })).verdicts).toEqual([])
  })
})

describe('cancelling in the Temporal UI', () => {
  it('a market closes it: bids are released, and the run completes', async () => {
    const marketId = await test.createMarket('cancelled', {}, { ada: 100n })
    const market = test.client.workflow.getHandle(`market/${marketId}`)
    await market.executeUpdate('pause')
    await test.economy.admitBids(marketId, [
      { agent: 'ada', bid: { amount: '30', bundle, goodTillCancelled: true }, via: 'cli', actor: 'test' },
    ])
    await market.cancel()
    await market.result()
    expect((await market.describe()).status.name).toBe('COMPLETED')
    expect(await test.economy.describeMarket(marketId)).toMatchObject({ status: 'closed', pendingBids: 0 })
  })

  it('an agent answers what waits and ends; its bids stay, and its next signal opens the door again', async () => {
    const marketId = await test.createMarket('doors', {}, { ada: 100n })
    await test.economy.pauseMarket(marketId, 'test')
    const first = await signalBid(marketId, 'ada', { amount: '3', bundle, goodTillCancelled: true })
    await test.client.workflow.getHandle(first.workflowId).cancel()
    const state: AgentState = await first.result()
    expect(state.verdicts).toHaveLength(1)
    expect(await test.economy.describeMarket(marketId)).toMatchObject({ pendingBids: 1 })
    await signalBid(marketId, 'ada', { amount: '4', bundle, goodTillCancelled: true })
    await eventually(async () => {
      const market = await test.economy.describeMarket(marketId)
      return market.ok && market.pendingBids === 2
    })
  })

  it('a cycle is settled nevertheless', async () => {
    const marketId = await test.createMarket('cut-off', {}, { ada: 100n })
    await test.economy.pauseMarket(marketId, 'test')
    await test.economy.admitBids(marketId, [
      { agent: 'ada', bid: { amount: '30', bundle }, via: 'cli', actor: 'test' },
    ])
    const run = await startByHand('allocationCycle', `cut-off/${marketId}`, { marketId })
    await run.cancel()
    expect(await run.result()).toMatchObject({ cycle: 1, winners: 1 })
  })

  it('a price update leaves prices whole, and the next one moves them', async () => {
    const marketId = await test.createMarket('cut-tick')
    const run = await startByHand('priceUpdate', `price-update/${marketId}/cut`, { marketId })
    await run.cancel()
    await run.result().catch(() => {})
    const next = await startByHand('priceUpdate', `price-update/${marketId}/next`, { marketId })
    expect(await next.result()).toMatchObject({ applied: true })
  })

  it('a tick that finds its market closed ends without a failure', async () => {
    const marketId = await test.createMarket('late-tick')
    await test.economy.beginClosing(marketId, 'test')
    const run = await startByHand('priceUpdate', `price-update/${marketId}/late`, { marketId })
    expect(await run.result()).toMatchObject({ closed: true })
  })
})

describe('resetting and terminating in the Temporal UI', () => {
  it('a reset agent does not bid twice', async () => {
    const marketId = await test.createMarket('reset', {}, { ada: 100n })
    await test.economy.pauseMarket(marketId, 'test')
    const agent = await signalBid(marketId, 'ada', { amount: '3', bundle, goodTillCancelled: true })
    await agent.signal('placeBid', { amount: '4', bundle, goodTillCancelled: true })
    await eventually(async () => (await agent.query<AgentState>('state')).verdicts.length === 2)
    const { runId } = await test.client.workflow.getHandle(agent.workflowId).describe()
    const { history } = await test.client.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: agent.workflowId, runId },
    })
    const firstTask = history!.events!.find(event => event.workflowTaskCompletedEventAttributes)!
    await test.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: agent.workflowId, runId },
      reason: 'a test',
      requestId: 'reset-once',
      workflowTaskFinishEventId: firstTask.eventId!,
    })
    const again = test.client.workflow.getHandle(agent.workflowId)
    await eventually(async () => {
      const { verdicts } = await again.query<AgentState>('state')
      return verdicts.length === 2 && (await again.describe()).runId !== runId
    })
    expect(await test.economy.describeMarket(marketId)).toMatchObject({ pendingBids: 2 })
    const { rows } = await test.db.query('select held_micro from agents where market_id = $1', [marketId])
    expect(rows).toEqual([{ held_micro: 7_000_000n }])
  })

  it('a reset market goes on from Postgres', async () => {
    const marketId = await test.createMarket('reset-market', {}, { ada: 100n })
    const market = test.client.workflow.getHandle(`market/${marketId}`)
    await market.executeUpdate('pause')
    await market.executeUpdate('step')
    const { runId } = await market.describe()
    const { history } = await test.client.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: market.workflowId, runId },
    })
    const firstTask = history!.events!.find(event => event.workflowTaskCompletedEventAttributes)!
    await test.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: market.workflowId, runId },
      reason: 'a test',
      requestId: 'reset-once',
      workflowTaskFinishEventId: firstTask.eventId!,
    })
    const again = test.client.workflow.getHandle(market.workflowId)
    await eventually(async () => {
      const state = await again.query<MarketState>('state').catch(() => null)
      return state?.status === 'paused' && (await again.describe()).runId !== runId
    })
    expect(await again.executeUpdate('resume')).toBe('open')
  })
})
