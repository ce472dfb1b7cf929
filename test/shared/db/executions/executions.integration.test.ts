import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresExecutions } from '../../../../shared/db/executions/executions.ts'
import type { EndedRun } from '../../../../shared/execution/executions.ts'
import { openTestEconomy, type TestEconomy } from '../../../workflows/economy-client.ts'
import { balances, expectSound, wonLeases } from '../leases/won-leases.ts'

const output = { bytes: Buffer.from('told'), total: 4 }
const finished: EndedRun = {
  sandbox: { reason: 'finished', exitCode: 0 },
  tokensUsedUp: false,
  stdout: output,
  stderr: output,
  cpuSeconds: 0.1,
  problem: null,
  workspace: Buffer.from('kept'),
}
let test: TestEconomy

beforeAll(async () => {
  // Nobody works on this queue: what happens here is what is asked for here.
  test = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: `nobody-${Date.now().toString(36)}` })
})
afterAll(() => test.close())

const executionsOf = () => createPostgresExecutions(test.db, async () => {})

it('is due for each won lease of an agent with a program, until it was requested', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 3, 60)
  const executions = executionsOf()
  expect((await executions.findDue(marketId, 2)).map(one => one.leaseId)).toEqual(
    leaseIds.toSorted().slice(0, 2),
  )
  expect(await test.hintless.takeTurn(marketId, true)).toMatchObject({ executionsDue: true })
  await executions.markRequested(marketId, leaseIds)
  expect(await executions.findDue(marketId, 2)).toEqual([])
  expect(await test.hintless.takeTurn(marketId, true)).toMatchObject({ executionsDue: false })
})

it('is begun by one of many, with its envelope and the rest of its time', async () => {
  const { leaseIds } = await wonLeases(test, 1, 60)
  const executions = executionsOf()
  const begins = await Promise.all(
    Array.from({ length: 8 }, (_, nth) => executions.begin(leaseIds[0]!, `worker ${nth}`)),
  )
  const states = begins.map(one => (one.ok ? one.begin.state : one.error.code))
  expect(states.toSorted()).toEqual(['begun', ...Array(7).fill('running')])
  const begun = begins.find(one => one.ok && one.begin.state === 'begun')
  expect(begun).toMatchObject({
    begin: {
      agent: 'agent-0',
      workspace: null,
      program: { command: ['true'], runtime: 'native' },
      shares: [
        { name: 'cpu', capacity: '4', ppm: 100_000 },
        { name: 'memory', capacity: '4096', ppm: 250_000 },
        { name: 'tokens' },
        { name: 'attention' },
      ],
    },
  })
  const { endsInMs } = (begun as { begin: { endsInMs: number } }).begin
  expect(endsInMs).toBeGreaterThan(0)
  expect(endsInMs).toBeLessThanOrEqual(60_000)
})

it('ends once, whoever says so, and keeps the workspace for the next', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 60)
  const [leaseId] = leaseIds as [string]
  const executions = executionsOf()
  await expect(executions.end(leaseId, finished)).rejects.toThrow('cannot be ended')
  await executions.begin(leaseId, 'one')
  const ends = await Promise.all([
    executions.end(leaseId, finished),
    executions.end(leaseId, { ...finished, sandbox: null, workspace: 'not_kept' }),
  ])
  expect(ends[0]).toEqual(ends[1])
  expect(await executions.begin(leaseId, 'two')).toMatchObject({ begin: { state: 'over', outcome: ends[0] } })
  const told = (await test.writtenEvents(marketId)).map(event => event.type)
  expect(told.filter(type => type.startsWith('execution_'))).toEqual([
    'execution_started',
    'execution_terminated',
  ])
  await expectSound(test, marketId)
})

it('gives back what was paid, once, for leases that ended before anybody came', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 4, 1)
  const executions = executionsOf()
  await executions.begin(leaseIds[0]!, 'one')
  await executions.end(leaseIds[0]!, finished)
  expect(await executions.refundMissed(marketId)).toBe(0)
  await delay(1_100)
  expect(await test.hintless.takeTurn(marketId, true)).toMatchObject({ executionsDue: true })
  const counts = await Promise.all([executions.refundMissed(marketId), executions.refundMissed(marketId)])
  expect(counts.toSorted()).toEqual([0, 3])
  const whole = (await balances(test, marketId)).filter(micro => micro === 100_000_000n)
  expect(whole).toHaveLength(3)
  expect(await executions.begin(leaseIds[1]!, 'late')).toMatchObject({
    begin: { state: 'over', outcome: { status: 'missed', refunded: true } },
  })
  const minted = (await test.writtenEvents(marketId)).filter(event => event.type === 'credits_minted')
  expect(minted.filter(event => (event.data as { reason: string }).reason === 'refund')).toHaveLength(3)
  await expectSound(test, marketId)
})

it('gives back what was paid when the sandbox failed before the program began', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 60)
  const executions = executionsOf()
  await executions.begin(leaseIds[0]!, 'one')
  const failed: EndedRun = { ...finished, sandbox: { reason: 'failed_to_start', exitCode: null } }
  expect(await executions.end(leaseIds[0]!, failed)).toMatchObject({
    reason: 'failed_to_start',
    refunded: true,
  })
  expect(await balances(test, marketId)).toEqual([100_000_000n])
  await expectSound(test, marketId)
})

it('tells an operator what there is to stop', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 60)
  const executions = executionsOf()
  const [leaseId] = leaseIds as [string]
  expect(await executions.requestStop('nowhere', leaseId, 'op')).toMatchObject({
    error: { code: 'unknown_market' },
  })
  expect(await executions.requestStop(marketId, 'no id', 'op')).toMatchObject({
    error: { code: 'unknown_execution' },
  })
  expect(await executions.requestStop(marketId, leaseId, 'op')).toMatchObject({ ok: true, status: 'due' })
  expect(await executions.begin(leaseId, 'one')).toMatchObject({ begin: { stopRequested: true } })
  const stopped: EndedRun = { ...finished, sandbox: { reason: 'stopped', exitCode: null } }
  expect(await executions.end(leaseId, stopped)).toMatchObject({ reason: 'operator', refunded: false })
  expect(await executions.requestStop(marketId, leaseId, 'op')).toMatchObject({
    error: { code: 'execution_over' },
  })
})
