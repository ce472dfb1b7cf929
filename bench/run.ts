import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { stackEnvironment, stackHome } from '../shared/config/stack-state.ts'
import { migrate } from '../shared/db/migrate.ts'
import { createDatabase } from '../shared/db/pool.ts'
import { createPostgresEconomy } from '../shared/db/postgres-economy.ts'
import { startStack } from '../workers/stack/start-stack.ts'
import { type Row, type RowResult, runRow } from './row.ts'
import { admission } from './rows/admission.ts'
import { admissionOverNats } from './rows/admission-over-nats.ts'
import { collectorReplay } from './rows/collector-replay.ts'
import { connects } from './rows/connects.ts'
import { costPerBid } from './rows/cost-per-bid.ts'
import { cycleToCollector } from './rows/cycle-to-collector.ts'
import { executions } from './rows/executions.ts'
import { flood } from './rows/flood.ts'
import { floodOverNats } from './rows/flood-over-nats.ts'
import { gatewayReads } from './rows/gateway-reads.ts'
import { historyPage } from './rows/history-page.ts'
import { llmMemory } from './rows/llm-memory.ts'
import { llmOutage } from './rows/llm-outage.ts'
import { llmProxy } from './rows/llm-proxy.ts'
import { outboxPublish } from './rows/outbox-publish.ts'
import { sandboxedRun } from './rows/sandboxed-run.ts'
import { stuckPriceUpdate } from './rows/stuck-price-update.ts'
import { tracingOff } from './rows/tracing-off.ts'
import { wholeCycle } from './rows/whole-cycle.ts'
import { winnerDetermination } from './rows/winner-determination.ts'

const ROWS: Row[] = [
  winnerDetermination('highest-bid'),
  winnerDetermination('posted-price'),
  wholeCycle,
  costPerBid,
  admission,
  flood,
  admissionOverNats,
  floodOverNats(1),
  floodOverNats(1_000),
  gatewayReads(50),
  gatewayReads(99),
  connects,
  historyPage,
  stuckPriceUpdate,
  ...[4, 32].flatMap(callers => [llmProxy(50, callers, 50), llmProxy(99, callers, 50)]),
  ...([50, 99] as const).map(percentile => llmProxy(percentile, 1, 0)),
  llmOutage,
  llmMemory,
  sandboxedRun,
  executions,
  outboxPublish,
  collectorReplay,
  cycleToCollector,
  tracingOff,
]

const usage = "usage: npm run bench [-- --only <text in a row's name>] [--out <file>]"
const { values } = parseArgs({ options: { only: { type: 'string' }, out: { type: 'string' } } })
const only = values.only
const wanted = ROWS.filter(row => only === undefined || row.name.includes(only))
if (wanted.length === 0) throw new Error(`${usage}\nrows:\n${ROWS.map(row => `  ${row.name}`).join('\n')}`)

const home = mkdtempSync(join(tmpdir(), 'bourse-bench-'))
const say = (text: string) => process.stderr.write(`${text}\n`)
const stack = await startStack({ home, migrate, onProgress: say })
const results: RowResult[] = []
try {
  const db = createDatabase(stack.state.postgres, 'bourse bench')
  const economy = createPostgresEconomy(db, async () => {})
  const { postgres: postgresUrl, nats: natsUrl } = stack.state
  const environment = stackEnvironment(stack.state, ['gateway', 'identity'])
  for (const row of wanted) {
    say(`\n${row.name}`)
    results.push(
      await runRow(row, {
        db,
        economy,
        postgresUrl,
        natsUrl,
        environment,
        progress: text => say(`  ${text}`),
      }),
    )
  }
  await db.end()
} finally {
  await stack.stop()
  rmSync(home, { recursive: true, force: true })
}

const machine = {
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? '',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
}
const out = values.out ?? join(stackHome(), 'bench.json')
mkdirSync(dirname(out), { recursive: true })
writeFileSync(out, `${JSON.stringify({ at: new Date().toISOString(), machine, rows: results }, null, 2)}\n`)
process.stdout.write(
  `${tableOf(results)}\n${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}; written to ${out}\n`,
)
if (results.some(result => !result.reached)) process.exitCode = 1

function tableOf(rows: readonly RowResult[]): string {
  const table = new Table({
    head: ['row', 'baseline', 'measured', 'ratio', 'target', ''],
    style: { head: [], border: [] },
    colWidths: [46, 44],
    wordWrap: true,
  })
  for (const row of rows) {
    const figure = (value: number) => `${value.toPrecision(4)} ${row.unit}`
    const target = 'atMost' in row.target ? `at most ${row.target.atMost}` : `at least ${row.target.atLeast}`
    table.push([
      row.detail === undefined ? row.name : `${row.name} (${row.detail})`,
      `${row.baselineName}: ${figure(row.baseline)}`,
      figure(row.measured),
      row.ratio.toFixed(2),
      target,
      row.reached ? 'reached' : 'MISSED',
    ])
  }
  return table.toString()
}
