import { randomUUID } from 'node:crypto'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bidBySignal, bidByUpdate } from '../../cli/temporal/agent-workflow.ts'
import { WORKFLOW_SOURCES } from '../../workers/workflow-sources.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

/** More than an agent answers at once. */
const SIGNALS = 64
const UPDATES = 5
/** One of the first steps after the agent has looked who it is: nearly everything is applied again. */
const EARLY_STEP = 3
const WAIT_MS = 120_000
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(() => test.close())

it(
  'an agent whose workflow was reset bids once, and goes on after another worker takes it over',
  async () => {
    const rules = { maxOpenBids: 1_000, bidsPerSecond: null }
    const marketId = await test.createMarket('reset', rules, { ada: 1_000_000n })
    await test.economy.pauseMarket(marketId, 'test')
    const place = { taskQueue: test.taskQueue, marketId, agent: 'ada' }
    const bid = (serial: number) => ({ amount: String(serial + 1), bundle: { cpu: 0.1, durationSeconds: 1 } })
    for (let serial = 0; serial < SIGNALS; serial++) {
      await bidBySignal(test.client, place, bid(serial))
      if (serial % 12 === 11) await bidByUpdate(test.client, place, bid(SIGNALS + serial))
    }
    const amounts = async () => {
      const { rows } = await test.db.query('select amount_micro from bids where market_id = $1', [marketId])
      return rows.map(row => row.amount_micro)
    }
    await eventually(async () => (await amounts()).length === SIGNALS + UPDATES)

    const workflow = test.client.workflow.getHandle(`agent/${marketId}/ada`)
    const { events } = await workflow.fetchHistory()
    const steps = events!.filter(event => event.workflowTaskCompletedEventAttributes)
    await test.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: workflow.workflowId },
      reason: 'a test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: steps[EARLY_STEP]!.eventId!,
    })
    const state = async () => await workflow.query<{ waiting: number; signals: number }>('state')
    await eventually(async () => {
      const { waiting, signals } = await state()
      return waiting === 0 && signals === SIGNALS
    })
    expect(new Set(await amounts()).size).toBe(SIGNALS + UPDATES)
    expect(await amounts()).toHaveLength(SIGNALS + UPDATES)

    const history = await workflow.fetchHistory()
    await Worker.runReplayHistory({ ...WORKFLOW_SOURCES, replayName: 'reset' }, history, workflow.workflowId)
    expect(
      history.events!.filter(event => event.workflowExecutionUpdateCompletedEventAttributes),
    ).toHaveLength(UPDATES)
  },
  WAIT_MS,
)
