import type { Command } from 'commander'
import { readStackEnd, readStackState, stackHome } from '../../shared/config/stack-state.ts'
import { EXIT_DONE, EXIT_UNUSABLE } from '../exit-codes.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeAge } from '../show/describe-age.ts'
import { describeBytes } from '../show/describe-bytes.ts'
import { safeText } from '../show/safe-text.ts'
import { renderFacts, renderTable } from '../show/table.ts'
import { withoutPassword } from '../show/without-password.ts'
import type { Servers } from '../stack/servers.ts'
import { gatherStatus } from '../status/gather.ts'
import { findProblems } from '../status/problems.ts'

/** `bourse status`: where everything is, whether it answers, how the markets stand, and what to do about problems. */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('addresses, versions, health, growth, how the markets stand, and what to do about problems')
    .option('--json', 'print one JSON document')
    .action((options: OutputOptions) => runCommand(options, servers => status(options, servers)))
}

async function status(options: OutputOptions, servers: Servers): Promise<number> {
  const { postgresUrl, nats, temporal } = servers.environment()
  const home = stackHome()
  const state = readStackState(home)
  const temporalUi = state?.temporalUi ?? process.env.BOURSE_TEMPORAL_UI_URL ?? null
  const facts = await gatherStatus(servers, home, state, temporalUi)
  const document = {
    ok: Object.values(facts.health).every(one => one.ok),
    version: facts.versions.bourse,
    versions: facts.versions,
    home: facts.home,
    pid: state?.supervisor.pid ?? null,
    startedAt: state?.startedAt ?? null,
    lastEnd: state === undefined ? (readStackEnd(home) ?? null) : null,
    temporal: temporal.address,
    temporalUi,
    postgres: state?.postgres ?? postgresUrl,
    nats: state?.nats ?? nats.servers.join(','),
    llm: state?.llm ?? null,
    health: facts.health,
    processes: facts.processes,
    taskQueue: facts.taskQueue,
    workers: facts.workers,
    programWorkers: facts.programWorkers,
    markets: facts.markets,
    orphans: facts.markets.filter(({ orphan }) => orphan).map(({ marketId }) => marketId),
    growth: facts.growth,
    startLinks: facts.startLinks,
    problems: findProblems(facts),
  }
  await printAnswer(options, document, () => describeStatus(document))
  return document.ok ? EXIT_DONE : EXIT_UNUSABLE
}

type StatusDocument = Awaited<ReturnType<typeof gatherStatus>> & {
  lastEnd: ReturnType<typeof readStackEnd> | null
  temporal: string
  temporalUi: string | null
  llm: string | null
  postgres: string
  nats: string
  problems: ReturnType<typeof findProblems>
}

function describeStatus(status: StatusDocument): string {
  const { versions, growth } = status
  const sections = [
    renderFacts([
      ['bourse', `${versions.bourse}, Node ${versions.node}, Temporal SDK ${versions.temporalSdk}`],
      ['schema', versions.schema?.newest],
      ['home', status.home],
      ['temporal ui', status.temporalUi],
      ['llm', status.llm],
      ['workers', status.workers === null ? null : `${status.workers.length} on queue ${status.taskQueue}`],
      [
        'sandboxes',
        status.programWorkers === null
          ? null
          : `${status.programWorkers.length} of the workers run agents' programs`,
      ],
      ['data', describeGrowth(growth)],
    ]),
    serverTable(status),
    status.processes.length === 0 ? '' : processTable(status),
    marketTable(status),
    growth.tables.length === 0
      ? ''
      : renderTable(
          ['table', { right: 'size' }, { right: 'rows, about' }],
          growth.tables.map(({ table, bytes, rows }) => [table, describeBytes(bytes), Math.round(rows)]),
        ),
    status.startLinks.length === 0
      ? ''
      : `Start by hand in the Temporal UI:\n${status.startLinks.map(({ url }) => `  ${url}\n`).join('')}`,
    describeProblems(status),
  ]
  return sections.filter(section => section !== '').join('\n')
}

function describeGrowth({ databaseBytes, streamBytes, temporalBytes, freeBytes }: StatusDocument['growth']) {
  const sizes = [
    ['Postgres', databaseBytes],
    ['streams', streamBytes],
    ['Temporal', temporalBytes],
    ['free', freeBytes],
  ] as const
  return sizes
    .flatMap(([name, bytes]) => (bytes === null ? [] : [`${name} ${describeBytes(bytes)}`]))
    .join(', ')
}

function serverTable(status: StatusDocument): string {
  return renderTable(
    ['server', 'version', 'address', 'answers', 'problem'],
    (['temporal', 'postgres', 'nats'] as const).map(name => [
      name,
      status.versions[name],
      withoutPassword(status[name]),
      status.health[name].ok ? 'yes' : 'no',
      status.health[name].problem ?? '',
    ]),
  )
}

function processTable({ processes }: StatusDocument): string {
  return renderTable(
    ['process', { right: 'pid' }, 'state', 'log'],
    processes.map(one => [one.name, one.pid, one.running ? 'running' : 'down', one.log]),
  )
}

function marketTable({ markets }: StatusDocument): string {
  return renderTable(
    [
      'market',
      'status',
      { right: 'cycles' },
      { right: 'book' },
      { right: 'leases' },
      { right: 'lag' },
      { right: 'events' },
      { right: 'stream' },
      { right: 'dead letters' },
      'prices',
      { right: 'age' },
      'workflow',
    ],
    markets.map(one => [
      one.marketId,
      one.status,
      one.cycles,
      one.book,
      one.leases,
      one.lag,
      one.events ?? '?',
      one.bytes === null ? '?' : describeBytes(one.bytes),
      one.deadLetters ?? '?',
      one.priceSource,
      describeAge(one.priceAgeSeconds),
      one.status === 'closed' ? 'over' : one.orphan ? 'not running: bourse market start' : 'running',
    ]),
  )
}

function describeProblems({ problems, lastEnd }: StatusDocument): string {
  const ended = lastEnd ? `The last local stack ended by itself at ${lastEnd.at}: ${lastEnd.message}\n` : ''
  if (problems.length === 0) return `${ended}No problems.\n`
  const told = problems.map(
    ({ subject, problem, remedy }) =>
      `  ${safeText(subject)}: ${safeText(problem)}\n    ${safeText(remedy)}\n`,
  )
  return `${ended}Problems, and what to do:\n${told.join('')}`
}
