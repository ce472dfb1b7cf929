import { afterAll, beforeAll, expect, test } from 'vitest'
import { allowanceScheduleId } from '../../shared/contracts/workflows.ts'
import { readAgentStory } from '../../shared/db/agents/read-agent-story.ts'
import { createPostgresAllowances } from '../../shared/db/allowances/postgres-allowances.ts'
import { atOneSnapshot } from '../../shared/db/transaction.ts'
import { verify } from '../../shared/verify/verify.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

/** A period that none begins in while a test runs: whatever is paid was asked for. */
const YEAR = 31_536_000
const CAP_MICRO = 1_000_000_000_000n
let economy: TestEconomy

beforeAll(async () => {
  economy = await openTestEconomy()
})
afterAll(() => economy.close())

/** A market with ada, who has an allowance of one credit a period. */
async function allowed(periodSeconds: number) {
  const marketId = await economy.createMarket('allowances', {}, { ada: 0n })
  const allowances = createPostgresAllowances(economy.db, async () => {})
  const request = { marketId, holder: { agent: 'ada' }, periodSeconds, capMicro: CAP_MICRO, actor: 'test' }
  const give = () => allowances.set({ ...request, amountMicro: 1_000_000n })
  expect(await give()).toMatchObject({ ok: true, changed: true })
  const schedule = economy.client.schedule.getHandle(allowanceScheduleId(marketId, periodSeconds))
  const described = () => schedule.describe().catch(() => null)
  const payments = async () => {
    const events = await economy.writtenEvents(marketId)
    return events.flatMap(({ type, data }) => (type === 'credits_minted' ? [data] : []))
  }
  /** Has some periods begin that nobody paid. */
  const missPeriods = (count: number) =>
    economy.db.query(
      `with gone as (delete from allowances where market_id = $1 returning *)
       insert into allowances (market_id, agent_id, amount_micro, cap_micro, period_seconds, paid_period, given_by,
                               given_at, scheduled)
       select market_id, agent_id, amount_micro, cap_micro, period_seconds, paid_period - $2::int, given_by, given_at,
              scheduled
         from gone`,
      [marketId, count],
    )
  return { marketId, allowances, give, schedule, described, payments, missPeriods }
}

test('an allowance is paid by its schedule, period after period, each once', async () => {
  const { marketId, allowances, payments, described } = await allowed(1)
  await eventually(async () => (await payments()).length >= 3)
  const schedule = (await described())!
  expect(schedule.action).toMatchObject({ workflowType: 'allowance', taskQueue: economy.taskQueue })
  await allowances.end({ marketId, holder: { agent: 'ada' }, actor: 'test' })
  const paid = await payments()
  expect(new Set(paid.map(one => one.ref)).size).toBe(paid.length)
  expect(new Set(paid.map(one => one.reason))).toEqual(new Set(['allowance']))
  // What pays nobody any more is removed by its next run.
  await eventually(async () => (await described()) === null)
  const report = await verify({ db: economy.db, bus: economy.bus, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
})

test('runs that are triggered, doubled or started by hand pay what was missed, and no period twice', async () => {
  const { marketId, schedule, described, payments, missPeriods } = await allowed(YEAR)
  await eventually(described)
  await missPeriods(3)
  const workflowId = `${allowanceScheduleId(marketId, YEAR)}/now`
  const byHand = (name: string) =>
    economy.client.workflow.execute('allowance', {
      workflowId: `${workflowId}/${name}`,
      taskQueue: economy.taskQueue,
      args: [],
    })
  const answers = await Promise.all([byHand('one'), byHand('two'), byHand('three')])
  expect(answers).toContainEqual({ period: expect.any(Number), agents: 1, amount: '3' })
  await schedule.trigger()
  const triggered = await eventually(async () => (await described())?.info.recentActions[0]?.action.workflow)
  const run = economy.client.workflow.getHandle(triggered.workflowId)
  expect(await run.result()).toMatchObject({ agents: 0, amount: '0' })
  expect(await byHand('again')).toMatchObject({ agents: 0, amount: '0' })
  expect(await payments()).toMatchObject([{ agent_id: 'ada', amount: '3', reason: 'allowance' }])
})

test('a schedule that was deleted is made again when the allowance is given again', async () => {
  const { give, schedule, described } = await allowed(YEAR)
  await eventually(described)
  await schedule.delete()
  await eventually(async () => (await described()) === null)
  expect(await give()).toMatchObject({ ok: true, changed: false })
  await eventually(described)
})

test('an allowance stands in the story of its agent, and ends with its market', async () => {
  const { marketId, described, allowances } = await allowed(YEAR)
  await eventually(described)
  const { rows } = await economy.db.query('select agent_id from agents where market_id = $1', [marketId])
  const story = await atOneSnapshot(economy.db, client =>
    readAgentStory(client, marketId, { agentId: rows[0].agent_id, agent: 'ada' }),
  )
  expect(story.allowances).toMatchObject([{ agent: 'ada', amount: '1', periodSeconds: YEAR }])
  await economy.economy.beginClosing(marketId, 'test')
  const paying = { marketId, periodSeconds: YEAR, atMs: Date.now() }
  expect(await allowances.pay(paying)).toMatchObject({ ok: false, error: { code: 'market_closed' } })
  const started = { workflowId: `${allowanceScheduleId(marketId, YEAR)}/now`, taskQueue: economy.taskQueue }
  expect(await economy.client.workflow.execute('allowance', { ...started, args: [] })).toMatchObject({
    closed: true,
  })
  await eventually(async () => (await described()) === null)
})
