import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buryMessages } from '../../shared/bus/dead-letters.ts'
import { readStackState } from '../../shared/config/stack-state.ts'
import { metricsInDashboard } from '../docs/dashboard.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../workflows/economy-client.ts'

const bundle = { cpu: 0.6, durationSeconds: 600 }
let economy: TestEconomy

beforeAll(async () => {
  economy = await openTestEconomy()
})
afterAll(async () => {
  await economy.close()
})

/** What a process of the stack tells when Prometheus asks it: value by name and labels. */
async function scrape(process: string): Promise<Map<string, number>> {
  const state = readStackState(globalThis.process.env.BOURSE_TEST_HOME!)
  const { metrics } = state!.processes.find(({ name }) => name === process)!
  const text = await (await fetch(metrics!)).text()
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('a worker at work tells its market, its steps and what Temporal says, all that the dashboard shows', async () => {
  const marketId = await economy.createMarket('metrics', {}, { ada: 100n, boris: 100n })
  // The oldest markets are shown, and a whole test run makes more than are.
  await economy.db.query("update markets set created_at = '2000-01-01' where market_id = $1", [marketId])
  const sent = (agent: string, amount: string) =>
    economy.client.workflow.signalWithStart('agent', {
      workflowId: `agent/${marketId}/${agent}`,
      taskQueue: economy.taskQueue,
      args: [],
      signal: 'placeBid',
      signalArgs: [{ amount, bundle, key: randomUUID() }],
    })
  await sent('ada', '30')
  await sent('boris', '101')
  await eventually(async () => {
    const market = await economy.economy.describeMarket(marketId)
    return market.ok && market.lastCycle?.winners === 1 && market.lastSeq === market.publishedSeq
  })
  await economy.economy.pauseMarket(marketId, 'test')
  await sent('boris', '20')
  const stranger = { streamSequence: 1, subject: 'x', reason: 'test', text: 'x' }
  await buryMessages(economy.bus, marketId, new Date().toISOString(), [stranger])

  const told = await eventually(async () => {
    const found = await scrape('market-worker')
    return found.get(`bourse_book_depth_bids{market="${marketId}"}`) === 1 && found
  })
  const ofMarket = (name: string, labels = '') => told.get(`${name}{market="${marketId}"${labels}}`)
  expect(ofMarket('bourse_held_credits')).toBe(20)
  expect(ofMarket('bourse_utilisation_ratio', ',resource="cpu"')).toBe(0.6)
  expect(ofMarket('bourse_posted_price_credits', ',resource="cpu"')).toBeGreaterThan(0)
  expect(ofMarket('bourse_publication_lag_seconds')).toBeDefined()
  expect(ofMarket('bourse_dead_letters')).toBe(1)
  // A worker that has seen a hundred markets counts the bids of further ones together.
  const counted = (labels: string) =>
    ofMarket('bourse_bids_total', labels) ?? told.get(`bourse_bids_total{market="other"${labels}}`)
  expect(counted(',outcome="winning",reason=""')).toBeGreaterThan(0)
  expect(counted(',outcome="refused",reason="insufficient_balance"')).toBeGreaterThan(0)
  expect(
    told.get('bourse_step_duration_seconds_count{step="clear_and_settle",result="done"}'),
  ).toBeGreaterThan(0)

  const names = new Set([...told.keys()].map(key => key.replace(/\{.*/, '')))
  expect(metricsInDashboard().filter(name => !names.has(name))).toEqual([])
})

test('every process of the stack serves its metrics', async () => {
  for (const process of ['gateway', 'llm-proxy', 'identity']) {
    expect((await scrape(process)).has('process_resident_memory_bytes')).toBe(true)
  }
})
