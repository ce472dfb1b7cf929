import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verify } from '../../shared/verify/verify.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

const taskQueue = `killed-${Date.now().toString(36)}`
const bundle = { cpu: 0.6, durationSeconds: 1 }
let test: TestEconomy
let successor: ChildProcess | undefined

beforeAll(async () => {
  test = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: taskQueue })
})
afterAll(async () => {
  if (successor !== undefined) {
    const exited = once(successor, 'exit')
    successor.kill('SIGTERM')
    await exited
  }
  await test.close()
})

async function startWorker(script: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
    env: { ...process.env, BOURSE_TASK_QUEUE: taskQueue, BOURSE_LOG_LEVEL: 'error' },
    execArgv: [],
  })
  await once(child, 'message')
  return child
}

it('goes on after a worker was killed between a settlement and its report', async () => {
  const dying = await startWorker('dying-worker.ts')
  const died = once(dying, 'exit')
  const marketId = await test.createMarket('killed', {}, { ada: 100n, boris: 100n })
  const bid = (agent: string, amount: string) => ({
    agent,
    bid: { amount, bundle },
    via: 'cli' as const,
    actor: 'test',
  })
  await test.economy.admitBids(marketId, [bid('ada', '30'), bid('boris', '20')])

  expect(await died).toEqual([null, 'SIGKILL'])
  const cycleRun = test.client.workflow.getHandle(`cycle/${marketId}/1`)
  expect((await cycleRun.describe()).status.name).toBe('RUNNING')
  const charged = await test.db.query(
    `select available_micro from agents where market_id = $1 and name = 'ada'`,
    [marketId],
  )
  expect(charged.rows[0].available_micro).toBe(70_000_000n)

  successor = await startWorker('../../workers/market-worker.ts')
  expect(await cycleRun.result()).toMatchObject({ cycle: 1, winners: 1, losers: 1, revenue: '30' })
  await test.economy.admitBids(marketId, [bid('boris', '10')])
  await eventually(async () => {
    const market = await test.economy.describeMarket(marketId)
    return market.ok && market.lastCycle?.winners === 1 && market.lastCycle.cycle > 1
  })
  const report = await verify({ db: test.db, bus: test.bus, marketId })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
  expect(report.checks.length).toBeGreaterThan(5)
})
