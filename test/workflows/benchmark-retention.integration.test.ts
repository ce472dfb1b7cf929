import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { trialMarketId } from '../../shared/benchmark/trial.ts'
import { readStreamFacts } from '../../shared/bus/stream.ts'
import { removeMarket } from '../../shared/db/benchmark/remove-market.ts'
import { bourseJson, runBourse } from '../cli/run-bourse.ts'
import { startRun } from './benchmark-runs.ts'
import { SCARCITY } from './benchmark-scenarios.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

const RUN = `pruned-${Date.now().toString(36)}`
const FILE = join(tmpdir(), `${RUN}.jsonl`)
const MARKET = trialMarketId({ runId: RUN, scenarioId: 'er_001', trial: 1, attempt: 1 })
const WAIT_MS = 100_000
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  rmSync(FILE, { force: true })
  await test.close()
})

/** How many rows each table holds of a market, by its id or its agents; tables without any are left out. */
async function rowsOf(marketId: string): Promise<Record<string, number>> {
  const { rows } = await test.db.query(
    `select table_name, array_agg(column_name::text) as columns from information_schema.columns
      where table_schema = current_schema() and column_name in ('market_id', 'agent_id') group by 1`,
  )
  const counts: Record<string, number> = {}
  for (const { table_name: table, columns } of rows) {
    const condition = columns.includes('market_id')
      ? 'market_id = $1'
      : 'agent_id in (select agent_id from agents where market_id = $1)'
    const counted = await test.db.query(`select count(*) from ${table} where ${condition}`, [marketId])
    if (Number(counted.rows[0].count) > 0) counts[table] = Number(counted.rows[0].count)
  }
  return counts
}

it('closes the markets of a run when they are over, that of its models too', {
  timeout: WAIT_MS,
}, async () => {
  const { handle } = await startRun(test, RUN, { scenarios: [SCARCITY], agent: { function: 'reference' } })
  await handle.result()
  for (const marketId of [MARKET, `bench-${RUN}-models`]) {
    const closed = await eventually(async () => {
      const market = await test.economy.findMarket(marketId)
      return market.ok && market.status === 'closed' && market
    }, WAIT_MS)
    expect(closed.status).toBe('closed')
  }
  const { rows } = await test.db.query(
    `select (select count(*) from leases where market_id = any($1) and status = 'active') as leases,
            (select sum(held_micro) from agents where market_id = any($1)) as held`,
    [[MARKET, `bench-${RUN}-models`]],
  )
  expect(rows[0]).toEqual({ leases: 0n, held: '0' })
  expect((await bourseJson(['verify', MARKET])).code).toBe(0)
})

it('removes a run, which is then decided again from its export alone', { timeout: WAIT_MS }, async () => {
  const before = await bourseJson(['scenario', 'replay', RUN])
  expect(before.document.items).toMatchObject([{ same: true, passed: true }])
  expect((await runBourse(['scenario', 'report', RUN, '--export', FILE])).code).toBe(0)
  expect(Object.keys(await rowsOf(MARKET))).toContain('transactions')

  const pruned = await bourseJson(['scenario', 'prune', RUN])
  expect(pruned.document).toEqual({ ok: true, items: [{ runId: RUN, removed: 1, waiting: 0 }] })
  expect(Object.keys(await rowsOf(MARKET)).toSorted()).toEqual(['agents', 'markets', 'scenario_trials'])
  expect(await readStreamFacts(test.bus, MARKET)).toBeNull()

  const gone = await bourseJson(['scenario', 'replay', RUN])
  expect(gone).toMatchObject({ code: 1, document: { error: { code: 'run_pruned' } } })
  expect(gone.document.error.message).toContain('--from FILE')
  const again = await bourseJson(['scenario', 'replay', RUN, '--from', FILE])
  expect(again.document).toEqual(before.document)
  const report = await runBourse(['scenario', 'report', RUN])
  expect(report.code).toBe(0)
})

it('refuses to go on with what was removed, or to export it', { timeout: WAIT_MS }, async () => {
  for (const args of [
    ['report', RUN, '--export', FILE],
    ['run', '--resume', RUN],
  ]) {
    const refused = await bourseJson(['scenario', ...args])
    expect(refused).toMatchObject({ code: 1, document: { error: { code: 'run_pruned' } } })
  }
})

it('says of a file that is no export what is wrong with it', { timeout: WAIT_MS }, async () => {
  const [first, ...rest] = readFileSync(FILE, 'utf8').split('\n')
  const broken = join(tmpdir(), `${RUN}-broken.jsonl`)
  const told = async (content: string) => {
    writeFileSync(broken, content)
    const { document } = await bourseJson(['scenario', 'replay', RUN, '--from', broken])
    return document.error.message as string
  }
  expect(await told('')).toContain('the file is empty')
  expect(await told(rest.join('\n'))).toContain('line 1: this is no export of a run')
  expect(await told(`${first}\n{"seq": 1}\n`)).toContain('line 2: ')
  expect(await told(first!.replaceAll(RUN, 'another'))).toContain('is an export of run another')
  rmSync(broken)
})

it('leaves every other market its past', { timeout: WAIT_MS }, async () => {
  const marketId = await test.createMarket('kept', {}, { ann: 10n })
  expect(await removeMarket(test.db, marketId)).toBe(false)
  await expect(
    test.db.query('update markets set removed_at = now() where market_id = $1', [marketId]),
  ).rejects.toMatchObject({ constraint: 'only_closed_benchmark_markets_are_removed' })
  await expect(test.db.query('delete from transactions where market_id = $1', [marketId])).rejects.toThrow(
    'append-only',
  )
})
