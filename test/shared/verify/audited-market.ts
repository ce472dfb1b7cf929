import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import { type Bus, connectBus } from '../../../shared/bus/connect.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { createPostgresAllowances } from '../../../shared/db/allowances/postgres-allowances.ts'
import { createPostgresAttention } from '../../../shared/db/attention/postgres-attention.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { createPostgresExecutions } from '../../../shared/db/executions/executions.ts'
import { listExecutions } from '../../../shared/db/executions/list-executions.ts'
import { createPostgresLedger } from '../../../shared/db/ledger/postgres-ledger.ts'
import { createPostgresLlmStore } from '../../../shared/db/llm/llm-store.ts'
import { createDatabase, type Database, type DatabaseClient } from '../../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { createPostgresServices } from '../../../shared/db/services/postgres-services.ts'
import { marketSettingsSchema } from '../../../shared/market/rules.ts'
import type { Program } from '../../../shared/program/program.ts'
import { PATIENCE_MS } from '../../patience.ts'

const YEAR_SECONDS = 31_536_000
const ALICES_PROGRAM: Program = { command: ['true'], runtime: 'native', files: new Map() }

export interface Servers {
  db: Database
  bus: Bus
  close(): Promise<void>
}

export async function connectServers(): Promise<Servers> {
  const db = createDatabase(addressOf('BOURSE_POSTGRES_URL'), 'bourse-test')
  const bus = await connectBus({ servers: [addressOf('BOURSE_NATS_URL')] }, 'bourse-test')
  return {
    db,
    bus,
    async close() {
      await bus.close()
      await db.end()
    },
  }
}

function addressOf(variable: string): string {
  const address = process.env[variable]
  if (!address) throw new Error(`${variable} is not set`)
  return address
}

/** A market that no worker looks at, so that what a test does to it stays: its next look is far away. */
export async function openQuietMarket(db: Database): Promise<string> {
  const marketId = `verify-${randomBytes(6).toString('hex')}`
  const resources = [
    { name: 'cpu', unit: 'cores', capacity: '4' },
    { name: 'memory', unit: 'MiB', capacity: '4096' },
    { name: 'attention', unit: 'share', capacity: '1' },
    { name: 'tokens', unit: 'tokens per minute', capacity: '100000' },
  ]
  await unhinted(db).createMarket(
    marketId,
    marketSettingsSchema.parse({ resources, rules: { pricePeriodSeconds: 86_400 } }),
  )
  await db.query(`update market_sequences set asleep = false, wake_at = '2100-01-01' where market_id = $1`, [
    marketId,
  ])
  return marketId
}

/** A quiet market in which a little of everything has happened; nothing of it is published yet. */
export async function openEventfulMarket(db: Database): Promise<string> {
  const marketId = await openQuietMarket(db)
  const economy = unhinted(db)
  const ledger = createPostgresLedger(db, async () => {})
  await economy.registerAgent({
    marketId,
    agent: 'alice',
    creditsMicro: 100_000_000n,
    program: ALICES_PROGRAM,
  })
  for (const agent of ['bob', 'carl']) {
    await economy.registerAgent({ marketId, agent, creditsMicro: 100_000_000n })
  }
  await ledger.grant({ marketId, agent: 'bob', amountMicro: 7_500_000n, reason: 'a gift', key: null })
  await payCarlsAllowance(db, marketId)
  const moved = { marketId, from: 'alice', to: 'bob', amountMicro: 2_500_000n, purpose: 'lunch', key: null }
  await ledger.transfer(moved)
  const hold = (agent: string) =>
    ledger.placeHold({ marketId, agent, amountMicro: 4_000_000n, ref: 'call', key: null })
  await hold('alice')
  const [settled, released] = [await hold('alice'), await hold('carl')]
  if (!settled.ok || !released.ok) throw new Error('a hold was refused')
  await ledger.settleHold({ marketId, holdId: settled.holdId, to: 'carl' })
  await ledger.releaseHold({ marketId, holdId: released.holdId })

  const services = createPostgresServices(db, async () => {})
  const offer = { marketId, provider: 'carl', service: 'adding', costMicro: 1_000_000n, specification: {} }
  await services.register({ ...offer, key: null })
  const called = await services.invoke({
    marketId,
    caller: 'bob',
    provider: 'carl',
    service: 'adding',
    arguments: [1, 2],
    maxCostMicro: null,
    timeoutSeconds: 60,
    key: null,
    traceparent: null,
  })
  if (!called.ok) throw new Error('a call was refused')
  const answer = { marketId, provider: 'carl', callId: called.callId, succeeded: true, result: 3 }
  await services.answer({ ...answer, key: null })

  const place = async (
    agent: string,
    amount: number,
    cpu: number,
    durationSeconds: number,
    more = {},
    attention = 0,
  ) => {
    const bid = { amount, bundle: { cpu, memory: 0.1, attention, tokens: 0.01, durationSeconds }, ...more }
    const [verdict] = await economy.admitBids(marketId, [{ agent, bid, via: 'cli', actor: 'test' }])
    return verdict!
  }
  const clear = async (cycle: number) => {
    await economy.openCycle(marketId, cycle, 'test')
    await economy.settleCycle(marketId, cycle)
  }
  await place('alice', 20, 0.5, 1)
  await place('bob', 15.25, 0.5, 1, { onBehalfOf: 'carl' })
  await place('carl', 10, 0.8, 1)
  await place('carl', 9, 0.8, 1, { goodTillCancelled: true })
  await place('carl', 8, 0.8, 1, {
    goodTillCancelled: true,
    expiresAt: new Date(Date.now() + 3_000).toISOString(),
  })
  await place('carl', 5_000, 0.1, 1)
  const cancelled = await place('bob', 3, 0.1, 1)
  if (!cancelled.ok) throw new Error('a bid was refused')
  await economy.cancelBid({ marketId, agent: 'bob', bidId: cancelled.bidId })
  await clear(1)
  // Whichever it was that noticed: the settlement on a slow machine, else the tidying.
  await vi.waitFor(
    async () => {
      await economy.tidyMarket(marketId)
      const { rows } = await db.query(
        `select (select count(*)::int from leases where market_id = $1 and status = 'ended') as ended,
                (select count(*)::int from bids where market_id = $1 and status = 'expired') as expired`,
        [marketId],
      )
      const { ended, expired } = rows[0]
      if (ended !== 2 || expired !== 1) throw new Error(`${ended} leases have ended, ${expired} bids expired`)
    },
    { timeout: PATIENCE_MS },
  )
  await place('alice', 20, 0.3, 3_600, {}, 0.5)
  await clear(2)
  await askAlicesPrompts(db, marketId)
  await callAModel(db, marketId)
  await runAlicesProgram(db, marketId)
  await economy.changeRules(marketId, { minimumBid: '2' }, 'test')
  await economy.pauseMarket(marketId, 'test')
  return marketId
}

/** An allowance with a period that was paid. */
async function payCarlsAllowance(db: Database, marketId: string): Promise<void> {
  const allowances = createPostgresAllowances(db, async () => {})
  const holder = { agent: 'carl' }
  const given = { marketId, holder, amountMicro: 1_000_000n, capMicro: 3_000_000n, actor: 'test' }
  await allowances.set({ ...given, periodSeconds: YEAR_SECONDS })
  // It was given a period ago; what was paid could not be unpaid, so its row is another one.
  await db.query(
    `with gone as (delete from allowances where market_id = $1 returning *)
     insert into allowances (market_id, agent_id, amount_micro, cap_micro, period_seconds, paid_period, given_by,
                             given_at, scheduled)
     select market_id, agent_id, amount_micro, cap_micro, period_seconds, paid_period - 1, given_by, given_at, true
       from gone`,
    [marketId],
  )
  const paid = await allowances.pay({ marketId, periodSeconds: YEAR_SECONDS, atMs: Date.now() })
  if (!paid.ok || paid.agents !== 1) throw new Error('an allowance was not paid')
}

/** On her lease that goes on it began and ended; on the one that is over it was missed, and paid back. */
async function runAlicesProgram(db: Database, marketId: string): Promise<void> {
  const executions = createPostgresExecutions(db, async () => {})
  const newest = (await listExecutions(db, marketId, 10)).at(-1)
  const begun = await executions.begin(newest!.leaseId, 'test')
  if (!begun.ok || begun.begin.state !== 'begun') throw new Error('an execution did not begin')
  const nothing = { bytes: Buffer.alloc(0), total: 0 }
  await executions.end(newest!.leaseId, {
    sandbox: { reason: 'finished', exitCode: 0 },
    tokensUsedUp: false,
    stdout: nothing,
    stderr: nothing,
    cpuSeconds: 0.1,
    problem: null,
    workspace: null,
  })
  if ((await executions.refundMissed(marketId)) !== 1) throw new Error('an execution was not paid back')
}

/** One prompt that waits, one that was scored, one whose time was over. */
async function askAlicesPrompts(db: Database, marketId: string): Promise<void> {
  const attention = createPostgresAttention(db, async () => {})
  const ask = async (more: { expiresInSeconds?: number } = {}) => {
    const request = { marketId, agent: 'alice', text: 'Is it any good?', amountMicro: 1_500_000n, key: null }
    const opened = await attention.openPrompt({ ...request, ...more })
    if (!opened.ok) throw new Error('a prompt was refused')
    return opened.promptId
  }
  await ask()
  const scores = { interesting: 1, useful: 0, understandable: 2 }
  await attention.scorePrompt({ promptId: await ask(), scores, actor: 'test' })
  const shortLived = await ask({ expiresInSeconds: 1 })
  await vi.waitFor(
    async () => {
      const ended = await attention.expirePrompt(shortLived)
      if (!ended.ok || ended.status !== 'expired') throw new Error('it has not expired yet')
    },
    { timeout: PATIENCE_MS },
  )
}

/** One call that is under way on alice's lease, and one that is over. */
async function callAModel(db: Database, marketId: string): Promise<void> {
  const store = createPostgresLlmStore(db, async () => {})
  const { rows } = await db.query(`select lease_id from leases where market_id = $1 and status = 'active'`, [
    marketId,
  ])
  const reserve = async () => {
    const callId = crypto.randomUUID()
    const worst = { promptTokens: 10, outputTokens: 5, choices: 1, inputPriceMicro: 1n, outputPriceMicro: 1n }
    const call = { callId, leaseId: rows[0].lease_id, model: 'small', stream: false, traceparent: null }
    const reserved = await store.reserve({ ...call, worst, deadlineSeconds: 3_600 })
    if (!reserved.ok) throw new Error(reserved.message)
    return callId
  }
  await reserve()
  await store.settle(await reserve(), {
    outcome: 'completed',
    charge: 'used',
    usage: { promptTokens: 4, completionTokens: 3, cachedTokens: 0, source: 'reported' },
    costMicro: 1n,
    upstream: 'first',
    attempts: 1,
    latencyMs: 5,
    firstTokenMs: null,
  })
}

/** Publishes what a market has to tell, and returns when the stream holds it. */
export async function publish({ db, bus }: Servers, marketId: string): Promise<void> {
  const outbox = createPostgresOutbox(db)
  const signal = AbortSignal.timeout(PATIENCE_MS)
  await publishOutbox({ bus, outbox, marketId, signal, lingerMs: 0, pollMs: 10 })
}

const TABLES_OF_MARKET = [
  'agents',
  'allowances',
  'bids',
  'cycles',
  'event_batches',
  'executions',
  'holds',
  'leases',
  'llm_budgets',
  'llm_calls',
  'market_resources',
  'market_sequences',
  'markets',
  'prices',
  'prompts',
  'service_calls',
  'services',
  'system_accounts',
  'transactions',
  'transfers',
]

/**
 * Runs `work` in a session that sees a market's rows as copies without constraints and triggers, which it may damage
 * at will; nobody else sees them, and nothing of them stays.
 */
export async function withCopyOf<T>(
  db: Database,
  marketId: string,
  work: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
  const client = await db.connect()
  try {
    await client.query('begin')
    for (const table of TABLES_OF_MARKET) {
      await client.query(
        `create temp table ${table} on commit drop as select * from public.${table} where market_id = '${marketId}'`,
      )
    }
    await client.query(
      `create temp table outbox on commit drop as
         select * from public.outbox where batch_id in (select batch_id from event_batches)`,
    )
    return await work(client)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

function unhinted(db: Database) {
  return createPostgresEconomy(db, async () => {})
}
