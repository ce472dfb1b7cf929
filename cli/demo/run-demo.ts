import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { showProgress } from '../../setup/progress.mjs'
import { collect } from '../../shared/bus/collect.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { loadEnvironment } from '../../shared/config/environment.ts'
import { readStackState, type StackState, stackEnvironment } from '../../shared/config/stack-state.ts'
import { marketWorkflowId } from '../../shared/contracts/workflows.ts'
import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { createDatabase } from '../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../shared/db/postgres-economy.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import { marketSettingsSchema } from '../../shared/market/rules.ts'
import { readCredits } from '../../shared/money/credits.ts'
import { connectTemporal } from '../../shared/temporal/connect.ts'
import { type VerifyReport, verify } from '../../shared/verify/verify.ts'
import { type StackProcess, startStackProcess } from '../stack/stack-process.ts'
import { changeMarket, startMarketWorkflow } from '../temporal/market-workflow.ts'
import { startModelCallers } from './model-callers.ts'
import { type ModelOutage, stageModelOutage } from './model-outage.ts'
import { probeSandbox } from './probe-sandbox.ts'
import { type Residents, settleResidents } from './residents.ts'
import { count, missingOutcomes, newTally, type Tally } from './tally.ts'
import { startTraders, TRADERS } from './traders.ts'

/** The demo shows at least this many cycles, and goes on until every outcome was seen or time is up. */
const CYCLES_MIN = 12
/** A machine at rest needs a quarter of a minute; a busy one is given what it needs. */
const WATCH_MS_MAX = 240_000
const CLOSE_MS_MAX = 90_000
const MARKET = 'demo'
const noHint = async () => {}

export interface DemoListener {
  onStack(state: StackState): void
  onCycle(cycle: Tally['cycles'][number]): void
  /** Something else that people want to know at once. */
  onNews(news: string): void
  /** The economy is over and audited; the stack is still up until the promise given back resolves. */
  onEnd(tally: Tally, report: VerifyReport, state: StackState, leftOut: readonly string[]): Promise<void>
}

/** Prices move every other second, and who is idle for a few falls dormant: a demo is short. */
const RULES = { pricePeriodSeconds: 2, dormantAfterSeconds: 4 }

/** A demo that could not show what it should. */
export class DemoIncomplete extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DemoIncomplete'
  }
}

/**
 * Runs a small economy on a stack of its own in `home`: agents bid from their own processes through Temporal signals,
 * the market clears, and everything told afterwards is read from the events. Ends everything it started.
 */
export async function runDemo(home: string, signal: AbortSignal, listener: DemoListener): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o711 })
  const outage = await stageModelOutage(home)
  const progress = showProgress('starting the stack')
  const stack = await startStackProcess({ home, onProgress: progress.update }).catch(async error => {
    await outage.close()
    progress.failed('the stack did not come up')
    throw error
  })
  progress.done('the stack is up')
  try {
    const failed = stack.ended.then(({ failure }) => {
      throw new DemoIncomplete(failure ?? 'the stack ended before the demo did')
    })
    await Promise.race([watchEconomy(home, stack, outage, signal, listener), failed])
  } finally {
    await stack.stop()
    await outage.close()
  }
}

async function watchEconomy(
  home: string,
  { state }: StackProcess,
  outage: ModelOutage,
  signal: AbortSignal,
  listener: DemoListener,
): Promise<void> {
  const environment = loadEnvironment(stackEnvironment(state))
  const db = createDatabase(environment.postgresUrl, 'bourse demo')
  const client = await connectTemporal(environment.temporal)
  const bus = await connectBus(environment.nats, 'bourse demo')
  const { taskQueue } = environment.temporal
  const economy = createPostgresEconomy(db, market => startMarketWorkflow(client, taskQueue, market))
  try {
    await foundMarket(economy)
    listener.onStack(state)
    const sandbox = await probeSandbox()
    if (!sandbox.ready) {
      const { why, detail, remedy } = sandbox
      listener.onNews(`no programs run here, the sandbox is ${why}: ${detail}. ${remedy}`)
    }
    const residents = await settleResidents({
      economy,
      client,
      taskQueue,
      marketId: MARKET,
      hasSandbox: sandbox.ready,
    })
    const traders = startTraders(MARKET, home, stackEnvironment(state))
    const callers = startModelCallers(db, createPostgresIdentity(db, noHint), MARKET, state.llm!)
    const tally = newTally(callers.calls)
    const events = new AbortController()
    const stopAll = () => events.abort(new DemoIncomplete('the demo was ended early'))
    signal.addEventListener('abort', stopAll, { once: true })
    try {
      await watchCycles(
        tally,
        outage,
        residents,
        listener,
        collectEvents(bus, AbortSignal.any([events.signal, AbortSignal.timeout(WATCH_MS_MAX)])),
      ).catch(error => {
        throw isTimeout(error) ? outOfTime(tally, residents) : error
      })
    } finally {
      await traders.stop()
      await callers.stop()
    }
    await residents.finish()
    await changeMarket(client, taskQueue, MARKET, 'close')
    await client.workflow.getHandle(marketWorkflowId(MARKET)).result()
    const { lastSeq } = await summaryOf(economy)
    await readRest(
      tally,
      listener,
      bus,
      lastSeq,
      AbortSignal.any([events.signal, AbortSignal.timeout(CLOSE_MS_MAX)]),
    )
    const report = await verify({ db, bus, marketId: MARKET })
    await listener.onEnd(tally, report, state, residents.leftOut())
    requireComplete(tally, report)
  } finally {
    await bus.close()
    await client.connection.close()
    await db.end()
  }

  function collectEvents(from: typeof bus, until: AbortSignal) {
    return collect({ bus: from, marketId: MARKET, signal: until, follow: true })
  }
}

async function foundMarket(economy: Economy): Promise<void> {
  const created = await economy.createMarket(
    MARKET,
    marketSettingsSchema.parse({ displayName: 'Demo', rules: RULES }),
  )
  if (!created.ok) throw new DemoIncomplete(created.error.message)
  for (const { agents, credits } of Object.values(TRADERS)) {
    for (const agent of agents) {
      const read = readCredits(credits)
      if (!read.ok) throw new DemoIncomplete(read.problem)
      const added = await economy.registerAgent({ marketId: MARKET, agent, creditsMicro: read.micro })
      if (!added.ok) throw new DemoIncomplete(added.error.message)
    }
  }
}

async function watchCycles(
  tally: Tally,
  outage: ModelOutage,
  residents: Residents,
  listener: DemoListener,
  events: ReturnType<typeof collect>,
): Promise<void> {
  for await (const event of events) {
    count(tally, event)
    if (event.type === 'cycle_cleared') listener.onCycle(event.data)
    for (const news of [outage.onEvent(event), residents.onEvent(event)]) {
      if (news !== null) listener.onNews(news)
    }
    if (event.type !== 'cycle_cleared') continue
    const missing = [...missingOutcomes(tally), ...residents.missing()]
    if (tally.cycles.length >= CYCLES_MIN && missing.length === 0) return
  }
}

async function readRest(
  tally: Tally,
  listener: DemoListener,
  bus: Parameters<typeof collect>[0]['bus'],
  lastSeq: number,
  signal: AbortSignal,
): Promise<void> {
  const rest = { bus, marketId: MARKET, fromSeq: tally.lastSeq + 1, untilSeq: lastSeq, follow: false, signal }
  for await (const event of collect(rest)) {
    count(tally, event)
    if (event.type === 'cycle_cleared') listener.onCycle(event.data)
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError'
}

function outOfTime(tally: Tally, residents: Residents): DemoIncomplete {
  const missing = missingOutcomes(tally)
  const unseen = residents.missing()
  const seconds = WATCH_MS_MAX / 1000
  const seen = `${tally.cycles.length} of ${CYCLES_MIN} cycles in ${seconds} s`
  const never =
    (missing.length === 0 ? '' : `; nothing was ever ${missing.join(', ')}`) +
    (unseen.length === 0 ? '' : `; nobody was ever ${unseen.join(', ')}`)
  return new DemoIncomplete(`time is up: ${seen}${never}. The machine may be too busy: run it again.`)
}

async function summaryOf(economy: Economy): Promise<{ lastSeq: number }> {
  const market = await economy.describeMarket(MARKET)
  if (!market.ok) throw new DemoIncomplete(market.error.message)
  return market
}

function requireComplete(tally: Tally, report: VerifyReport): void {
  const missing = missingOutcomes(tally)
  if (missing.length > 0) throw new DemoIncomplete(`nothing was ever ${missing.join(', ')}`)
  if (!report.ok) throw new DemoIncomplete('the audit found something wrong')
}

/**
 * A fresh folder for a demo below `home`. Folders of demos that are over are removed but for the newest, so that it
 * can be looked at again and nothing piles up.
 */
export function freshDemoHome(home: string): string {
  const demos = join(home, 'demos')
  mkdirSync(demos, { recursive: true, mode: 0o711 })
  const over = readdirSync(demos)
    .filter(name => readStackState(join(demos, name)) === undefined)
    .sort()
  for (const name of over.slice(0, -1)) rmSync(join(demos, name), { recursive: true, force: true })
  return join(demos, `${new Date().toISOString().replace(/[-:.]/g, '')}-${process.pid}`)
}
