import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { allowanceScheduleId, executionWorkflowId } from '../../shared/contracts/workflows.ts'
import { createPostgresAllowances } from '../../shared/db/allowances/postgres-allowances.ts'
import { createPostgresAttention } from '../../shared/db/attention/postgres-attention.ts'
import { listExecutions } from '../../shared/db/executions/list-executions.ts'
import { eventually, openTestEconomy } from './economy-client.ts'

/**
 * Records one history of each workflow on the servers the environment names, for the replay test. Run it when a
 * workflow was changed on purpose, and keep the old recordings: they are what runs in markets that are open.
 * Usage: node test/workflows/record-histories.ts <version>
 */
const [version] = process.argv.slice(2)
if (version === undefined) throw new Error('usage: record-histories.ts <version>')
const folder = fileURLToPath(new URL(`../histories/${version}/`, import.meta.url))
mkdirSync(folder, { recursive: true })

const test = await openTestEconomy()
const bundle = { cpu: 0.6, durationSeconds: 1 }
const marketId = await test.createMarket('recorded', {}, { ada: 100n, boris: 100n })
await test.economy.registerAgent({
  marketId,
  agent: 'carla',
  creditsMicro: 100_000_000n,
  program: { command: ['true'], runtime: 'native', files: new Map() },
})
const ids = {
  market: `market/${marketId}`,
  'allocation-cycle': `cycle/${marketId}/1`,
  agent: `agent/${marketId}/ada`,
}
const signal = (name: string, argument: unknown) =>
  test.client.workflow.signalWithStart('agent', {
    workflowId: ids.agent,
    taskQueue: test.taskQueue,
    args: [],
    signal: name,
    signalArgs: [argument],
  })
const market = test.client.workflow.getHandle(ids.market)
const schedule = test.client.schedule.getHandle(`price-update/${marketId}`)
await eventually(() => schedule.describe().catch(() => null))
await schedule.trigger()
const priceUpdate = await eventually(async () => {
  const [action] = (await schedule.describe()).info.recentActions
  return action?.action.workflow.workflowId
})
await test.client.workflow.getHandle(priceUpdate).result()
await signal('placeBid', { amount: '30', bundle })
await signal('placeBid', 'nonsense')
await signal('placeBid', {
  bids: [
    { amount: '3', bundle, goodTillCancelled: true },
    { amount: '1', bundle },
  ],
})
const agent = test.client.workflow.getHandle(ids.agent)
const waiting = (await agent.executeUpdate('placeBid', { args: [{ amount: '5', bundle }] })) as {
  bidId: string
}
await signal('cancelBid', { bidId: waiting.bidId })
await eventually(async () => (await agent.query<{ verdicts: unknown[] }>('state')).verdicts.length === 6)
await eventually(async () => {
  const { rows } = await test.db.query(`select from leases where market_id = $1 and status = 'ended'`, [
    marketId,
  ])
  return rows.length >= 1
})
const attentive = { amount: '5', bundle: { attention: 0.5, durationSeconds: 1 } }
await agent.executeUpdate('placeBid', { args: [attentive] })
const attention = createPostgresAttention(test.db, async () => {})
const opened = await eventually(async () => {
  const request = { marketId, agent: 'ada', text: 'Is it good?', amountMicro: 1_000_000n, key: null }
  const answer = await attention.openPrompt({ ...request, expiresInSeconds: 3_600 })
  return answer.ok ? answer : null
})
const prompt = test.client.workflow.getHandle(`prompt/${opened.promptId}`)
await eventually(() => prompt.describe().catch(() => null))
await prompt.executeUpdate('score', { args: [{ interesting: 7, useful: 8, understandable: 6 }] })
await prompt.result()
const programBid = { amount: '40', bundle: { memory: 0.1, durationSeconds: 5 } }
await test.economy.admitBids(marketId, [{ agent: 'carla', bid: programBid, via: 'cli', actor: 'test' }])
const execution = await eventually(async () => {
  const [first] = await listExecutions(test.db, marketId, 1)
  return first?.status === 'terminated' && executionWorkflowId(first.leaseId)
})
await createPostgresAllowances(test.db, async () => {}).set({
  marketId,
  holder: { agent: 'carla' },
  amountMicro: 1_000_000n,
  capMicro: 10_000_000n,
  periodSeconds: 1,
  actor: 'test',
})
const allowances = test.client.schedule.getHandle(allowanceScheduleId(marketId, 1))
const allowance = await eventually(async () => {
  const described = await allowances.describe().catch(() => null)
  return described?.info.recentActions[0]?.action.workflow.workflowId
})
await test.client.workflow.getHandle(allowance).result()
await market.executeUpdate('pause')
await market.executeUpdate('step')
await market.executeUpdate('resume')
await market.executeUpdate('close')
await market.result()

for (const [name, workflowId] of Object.entries({
  ...ids,
  'price-update': priceUpdate,
  'attention-prompt': prompt.workflowId,
  execution,
  allowance,
})) {
  const history = await test.client.workflow.getHandle(workflowId).fetchHistory()
  // Who polled a task says something of a machine and nothing of the workflow.
  const text = historyToJSON(history).replace(/("identity": *")[^"]*"/g, '$1recorded"')
  writeFileSync(`${folder}${name}.json`, `${text}\n`)
}
await test.close()
