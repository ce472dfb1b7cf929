import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verify } from '../../shared/verify/verify.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'
import { heard, workerFleet } from './worker-fleet.ts'

const taskQueue = `rolled-${Date.now().toString(36)}`
const fleet = workerFleet(taskQueue)
const bundle = { cpu: 0.01, durationSeconds: 1 }
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: taskQueue })
})
afterAll(async () => {
  await fleet.stopAll()
  await test.close()
})

function bid(agent: string, amount = '1') {
  return { agent, bid: { amount, bundle }, via: 'cli' as const, actor: 'test' }
}

async function cyclesOf(marketId: string): Promise<number> {
  const market = await test.economy.describeMarket(marketId)
  return market.ok ? (market.lastCycle?.cycle ?? 0) : 0
}

it('a worker that is asked to stop finishes the settlement it is at, and exits with 0', async () => {
  const slow = await fleet.start('./slow-worker.ts')
  const marketId = await test.createMarket('finished', {}, { ada: 100n })
  const settling = heard(slow, 'settling')
  await test.economy.admitBids(marketId, [bid('ada')])
  await settling
  expect(await fleet.stop(slow)).toBe(0)
  // It was settled before its worker had gone, although nobody was there to go on with the workflow.
  expect(await cyclesOf(marketId)).toBe(1)

  const next = await fleet.start()
  const cycle = test.client.workflow.getHandle(`cycle/${marketId}/1`)
  expect(await cycle.result()).toMatchObject({ cycle: 1, winners: 1 })
  const { events } = await cycle.fetchHistory()
  const attempts = events!.flatMap(event => event.activityTaskStartedEventAttributes?.attempt ?? [])
  expect(attempts).toEqual([1, 1])
  expect(await fleet.stop(next)).toBe(0)
})

it('another worker goes on where one was killed', async () => {
  const [first, second] = [await fleet.start(), await fleet.start()]
  const marketId = await test.createMarket('taken-over', { cycleSeconds: 0.1 }, { ada: 100n })
  await test.economy.admitBids(marketId, [bid('ada')])
  await eventually(async () => (await cyclesOf(marketId)) >= 1)
  const died = once(first, 'exit')
  first.kill('SIGKILL')
  await died
  for (let n = 0; n < 3; n++) {
    const before = await cyclesOf(marketId)
    await test.economy.admitBids(marketId, [bid('ada')])
    await eventually(async () => (await cyclesOf(marketId)) > before)
  }
  await fleet.stop(second)
})

it('workers replaced in turn under load lose no bid, charge none twice, and leave a clean audit', async () => {
  const workers = [await fleet.start(), await fleet.start()]
  const marketId = await test.createMarket(
    'rolled',
    { cycleSeconds: 0.2, bidsPerSecond: null, maxOpenBids: 10_000 },
    { ada: 100_000n, boris: 100_000n },
  )
  const load = new AbortController()
  let admitted = 0
  const signalled: string[] = []
  const direct = async () => {
    while (!load.signal.aborted) {
      const verdicts = await test.economy.admitBids(marketId, [bid('ada'), bid('ada', '2')])
      admitted += verdicts.filter(({ ok }) => ok).length
      await delay(50)
    }
  }
  const bySignal = async () => {
    for (let n = 0; !load.signal.aborted; n++) {
      const key = `signal-${n}`
      await test.client.workflow.signalWithStart('agent', {
        workflowId: `agent/${marketId}/boris`,
        taskQueue,
        args: [],
        signal: 'placeBid',
        signalArgs: [{ amount: '1', bundle, key }],
      })
      signalled.push(key)
      await delay(250)
    }
  }
  const loading = [direct(), bySignal()]
  for (const old of workers) {
    await fleet.start()
    expect(await fleet.stop(old)).toBe(0)
  }
  load.abort()
  await Promise.all(loading)

  await eventually(async () => {
    const { rows } = await test.db.query(
      `select count(*) as keys from operations o join agents a using (agent_id)
        where o.market_id = $1 and a.name = 'boris' and o.key like 'signal-%'`,
      [marketId],
    )
    return Number(rows[0].keys) === signalled.length
  })
  await eventually(async () => {
    const market = await test.economy.describeMarket(marketId)
    return (
      market.ok &&
      market.pendingBids === 0 &&
      market.activeLeases === 0 &&
      market.lastSeq === market.publishedSeq
    )
  })
  const { rows } = await test.db.query(
    `select count(*) filter (where status in ('completed', 'outbid')) as decided, count(*) as bids from bids where market_id = $1`,
    [marketId],
  )
  expect({ decided: Number(rows[0].decided), bids: Number(rows[0].bids) }).toEqual({
    decided: admitted + signalled.length,
    bids: admitted + signalled.length,
  })
  const report = await verify({ db: test.db, bus: test.bus, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
})
