import type { Command } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { isRunning } from '../../setup/process-identity.mjs'
import type { StreamGrowth } from '../../shared/bus/list-streams.ts'
import { readStackState, stackHome } from '../../shared/config/stack-state.ts'
import { type ListedMarket, listMarkets } from '../../shared/db/list-markets.ts'
import { type OutputOptions, printAnswer } from '../answer.ts'
import { colours } from '../colours.ts'
import { describeAge } from '../describe-age.ts'
import { EXIT_DONE, EXIT_UNUSABLE } from '../exit-codes.ts'
import { explainError } from '../explain-error.ts'
import { findOrphans } from '../find-orphans.ts'
import { runCommand } from '../run-command.ts'
import type { Servers } from '../servers.ts'
import { renderFacts, renderTable } from '../table.ts'
import { withoutPassword } from '../without-password.ts'

const BYTES_PER_MIB = 1_048_576
/** More markets than this are not shown; `market list` pages through all. */
const MAX_MARKETS = 1_000

interface Health {
  ok: boolean
  problem: string | null
}

/** `bourse status`: where everything is, whether it answers, and how the markets stand. */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('addresses, processes, health, and how the markets stand')
    .option('--json', 'print one JSON document')
    .action((options: OutputOptions) => runCommand(options, servers => status(options, servers)))
}

async function status(options: OutputOptions, servers: Servers): Promise<number> {
  const { postgresUrl, nats, temporal } = servers.environment()
  const home = stackHome()
  const state = readStackState(home)
  let markets: ListedMarket[] = []
  let orphans: string[] = []
  const [postgresHealth, temporalHealth, natsHealth] = await Promise.all([
    healthOf(async () => {
      markets = await listMarkets(servers.database(), MAX_MARKETS)
    }),
    healthOf(servers.temporal),
    healthOf(servers.bus),
  ])
  if (temporalHealth.ok) {
    const open = markets.filter(market => market.status !== 'closed').map(market => market.marketId)
    orphans = await findOrphans(await servers.temporal(), open)
  }
  let streams = new Map<string, StreamGrowth>()
  const streamsHealth = natsHealth.ok
    ? await healthOf(async () => {
        const { listStreams } = await import('../../shared/bus/list-streams.ts')
        streams = await listStreams(
          await servers.bus(),
          markets.map(market => market.marketId),
        )
      })
    : natsHealth
  const health = { postgres: postgresHealth, temporal: temporalHealth, nats: streamsHealth }
  const document = {
    ok: Object.values(health).every(one => one.ok),
    version: packageFile.version,
    home: state === undefined ? null : home,
    pid: state?.supervisor.pid ?? null,
    startedAt: state?.startedAt ?? null,
    temporal: temporal.address,
    temporalUi: state?.temporalUi ?? process.env.BOURSE_TEMPORAL_UI_URL ?? null,
    postgres: state?.postgres ?? postgresUrl,
    nats: state?.nats ?? nats.servers.join(','),
    llm: state?.llm ?? null,
    health,
    processes: (state?.processes ?? []).map(one => ({
      name: one.name,
      pid: one.pid,
      running: isRunning(one),
      log: one.log,
    })),
    markets: markets.map(market => ({
      marketId: market.marketId,
      status: market.status,
      cycles: market.lastCycle,
      book: market.pendingBids,
      leases: market.activeLeases,
      lag: market.lastSeq - market.publishedSeq,
      ...(streams.get(market.marketId) ?? { events: null, bytes: null, deadLetters: null }),
      divergedAfter: market.divergedAfter,
      priceSource: market.priceSource,
      priceAgeSeconds: market.priceAgeSeconds,
      orphan: orphans.includes(market.marketId),
    })),
    orphans,
  }
  await printAnswer(options, document, () => describeStatus(document))
  return document.ok ? EXIT_DONE : EXIT_UNUSABLE
}

async function healthOf(use: () => Promise<unknown>): Promise<Health> {
  try {
    await use()
    return { ok: true, problem: null }
  } catch (error) {
    return { ok: false, problem: explainError(error).message }
  }
}

interface StatusDocument {
  version: string
  home: string | null
  temporal: string
  temporalUi: string | null
  llm: string | null
  postgres: string
  nats: string
  health: Record<'postgres' | 'temporal' | 'nats', Health>
  processes: { name: string; pid: number; running: boolean; log: string }[]
  markets: {
    marketId: string
    status: string
    cycles: number
    book: number
    leases: number
    lag: number
    /** What its stream holds, and its size; null: NATS did not tell. */
    events: number | null
    bytes: number | null
    deadLetters: number | null
    /** Publication is halted: the stream has events after this one that Postgres lacks. */
    divergedAfter: number | null
    priceSource: string
    priceAgeSeconds: number | null
    orphan: boolean
  }[]
  orphans: string[]
}

function describeStatus(status: StatusDocument): string {
  const { health } = status
  const facts = renderFacts([
    ['version', status.version],
    ['home', status.home],
    ['temporal ui', status.temporalUi],
    ['llm', status.llm],
  ])
  const servers = renderTable(
    ['server', 'address', 'answers', 'problem'],
    (['temporal', 'postgres', 'nats'] as const).map(name => [
      name,
      withoutPassword(status[name]),
      health[name].ok ? 'yes' : 'no',
      health[name].problem ?? '',
    ]),
  )
  const processes = renderTable(
    ['process', { right: 'pid' }, 'state', 'log'],
    status.processes.map(one => [one.name, one.pid, one.running ? 'running' : 'down', one.log]),
  )
  const markets = renderTable(
    [
      'market',
      'status',
      { right: 'cycles' },
      { right: 'book' },
      { right: 'leases' },
      { right: 'lag' },
      { right: 'events' },
      { right: 'MiB' },
      { right: 'dead letters' },
      'prices',
      { right: 'age' },
      'workflow',
    ],
    status.markets.map(one => [
      one.marketId,
      one.status,
      one.cycles,
      one.book,
      one.leases,
      one.lag,
      one.events ?? '?',
      one.bytes === null ? '?' : (one.bytes / BYTES_PER_MIB).toFixed(1),
      one.deadLetters ?? '?',
      one.priceSource,
      describeAge(one.priceAgeSeconds),
      one.orphan ? 'not running: bourse market start' : 'running',
    ]),
  )
  const halted = status.markets.flatMap(({ marketId, divergedAfter }) =>
    divergedAfter === null ? [] : [haltedLine(marketId, divergedAfter)],
  )
  return [facts, servers, processes, markets, ...halted].join('\n')
}

function haltedLine(marketId: string, divergedAfter: number): string {
  const problem = `history_diverged: publication of ${marketId} is halted. Its stream has events after ${divergedAfter} that Postgres lacks: Postgres was restored from a backup.`
  return `${colours.red(problem)}\nTo go on with what Postgres has: bourse repair ${marketId}\n`
}
