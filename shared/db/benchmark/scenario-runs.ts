import type { RunInputs, RunManifest } from '../../benchmark/manifest.ts'
import { contentHash } from '../../benchmark/manifest.ts'
import { refusePruned } from '../../benchmark/pruned.ts'
import type { EndedAgent, ListedRun, RunStore, StoredRun, StoredTrial } from '../../benchmark/run-store.ts'
import type { TrialAttempt, TrialSubject } from '../../benchmark/trial.ts'
import type { MarketStatus } from '../../economy/economy.ts'
import { type Outcome, refuse } from '../../economy/refusal.ts'
import type { Database } from '../pool.ts'

/** Runs in Postgres. */
export function createPostgresRuns(db: Database): RunStore {
  return {
    createRun: (manifest, inputs) => createRun(db, manifest, inputs),
    readRun: runId => readRun(db, runId),
    listRuns: limit => listRuns(db, limit),
    beginRun: runId => beginRun(db, runId),
    finishRun: runId => finishRun(db, runId),
    giveUpMarkets: runId => giveUpMarkets(db, runId),
    listMarkets: runId => listMarkets(db, runId),
    listPrunable: (...after) => listPrunable(db, ...after),
    readTrial: subject => readTrial(db, subject),
    listTrials: runId => listTrials(db, runId),
    beginAttempt: (attempt, marketId) => beginAttempt(db, attempt, marketId),
    startAttempt: (attempt, runner) => startAttempt(db, attempt, runner),
    endAttempt: (attempt, runner, ended) => endAttempt(db, attempt, runner, ended),
    failAttempt: (attempt, problem) => failAttempt(db, attempt, problem),
    storeVerdict: (attempt, decided) => storeVerdict(db, attempt, decided),
    addCost: (attempt, costMicro) => addCost(db, attempt, costMicro),
  }
}

async function createRun(
  db: Database,
  manifest: RunManifest,
  inputs: RunInputs,
): Promise<Outcome<{ runId: string }>> {
  const { runId } = manifest
  const inserted = await db.query(
    `insert into scenario_runs (run_id, manifest, inputs, created_at)
     values ($1, $2, $3, date_trunc('milliseconds', clock_timestamp())) on conflict do nothing`,
    [runId, JSON.stringify(manifest), JSON.stringify(inputs)],
  )
  if (inserted.rowCount === 1) return { ok: true, runId }
  const { rows } = await db.query('select manifest from scenario_runs where run_id = $1', [runId])
  if (rows[0] !== undefined && contentHash(rows[0].manifest) === contentHash(manifest)) {
    return { ok: true, runId }
  }
  return refuse('run_exists', `there is already a run ${runId}, of something else`, 'runId')
}

async function readRun(db: Database, runId: string): Promise<Outcome<StoredRun>> {
  const { rows } = await db.query(
    'select manifest, inputs, created_at, finished_at, pruned_at from scenario_runs where run_id = $1',
    [runId],
  )
  if (rows.length === 0) return refuseUnknownRun(runId)
  const { manifest, inputs, created_at, finished_at, pruned_at } = rows[0]
  return {
    ok: true,
    manifest,
    inputs,
    createdAt: created_at.toISOString(),
    finishedAt: finished_at?.toISOString() ?? null,
    prunedAt: pruned_at?.toISOString() ?? null,
  }
}

async function listRuns(db: Database, limit: number): Promise<ListedRun[]> {
  const { rows } = await db.query(
    `select manifest, created_at, finished_at, pruned_at,
            (select count(distinct (scenario_id, trial)) from scenario_trials t
              where t.run_id = r.run_id and t.status = 'finished') as finished
       from scenario_runs r order by created_at desc limit $1`,
    [limit],
  )
  return rows.map(row => ({
    manifest: row.manifest,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    prunedAt: row.pruned_at?.toISOString() ?? null,
    finishedTrials: Number(row.finished),
  }))
}

async function beginRun(db: Database, runId: string): Promise<Outcome<object>> {
  const { rows } = await db.query(
    `update scenario_runs set finished_at = case when pruned_at is null then null else finished_at end
      where run_id = $1 returning pruned_at`,
    [runId],
  )
  if (rows.length === 0) return refuseUnknownRun(runId)
  return rows[0].pruned_at === null ? { ok: true } : refusePruned(runId, rows[0].pruned_at.toISOString())
}

async function finishRun(db: Database, runId: string): Promise<void> {
  await db.query(
    `update scenario_runs set finished_at = date_trunc('milliseconds', clock_timestamp()) where run_id = $1`,
    [runId],
  )
}

async function giveUpMarkets(db: Database, runId: string): Promise<Outcome<object>> {
  const { rowCount } = await db.query(
    `update scenario_runs set pruned_at = coalesce(pruned_at, date_trunc('milliseconds', clock_timestamp()))
      where run_id = $1`,
    [runId],
  )
  return rowCount === 0 ? refuseUnknownRun(runId) : { ok: true }
}

async function listMarkets(
  db: Database,
  runId: string,
): Promise<{ marketId: string; status: MarketStatus }[]> {
  const { rows } = await db.query(
    `select market_id, m.status from scenario_trials t join markets m using (market_id)
      where run_id = $1 and removed_at is null order by market_id`,
    [runId],
  )
  return rows.map(row => ({ marketId: row.market_id, status: row.status }))
}

async function listPrunable(
  db: Database,
  days: number,
  afterRunId: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query(
    `select run_id from scenario_runs r
      where run_id > $2 and case when pruned_at is null
            then coalesce(finished_at, greatest(created_at, (select max(coalesce(t.finished_at, t.created_at))
                   from scenario_trials t where t.run_id = r.run_id))) < clock_timestamp() - make_interval(days => $1)
            else exists (select from scenario_trials t join markets m using (market_id)
                          where t.run_id = r.run_id and m.removed_at is null) end
      order by run_id limit $3`,
    [days, afterRunId, limit],
  )
  return rows.map(row => row.run_id)
}

function refuseUnknownRun(runId: string): Outcome<never> {
  const message = `there is no run ${JSON.stringify(runId)}: \`bourse scenario runs\` lists those there are`
  return refuse('unknown_run', message, 'run')
}

const COLUMNS = `run_id, scenario_id, trial, attempt, market_id, status, started_at, ended_at, end_seq, verdict_seq,
                 termination, verdict, problem, artefacts,
                 sum(cost_micro) over (partition by scenario_id, trial) as cost_micro`

async function readTrial(db: Database, subject: TrialSubject): Promise<StoredTrial | null> {
  const { rows } = await db.query(
    `select ${COLUMNS} from scenario_trials where run_id = $1 and scenario_id = $2 and trial = $3
      order by attempt desc limit 1`,
    [subject.runId, subject.scenarioId, subject.trial],
  )
  return rows.length === 0 ? null : trialOf(rows[0])
}

async function listTrials(db: Database, runId: string): Promise<StoredTrial[]> {
  const { rows } = await db.query(
    `select distinct on (scenario_id, trial) ${COLUMNS} from scenario_trials where run_id = $1
      order by scenario_id, trial, attempt desc`,
    [runId],
  )
  return rows.map(trialOf)
}

async function beginAttempt(db: Database, attempt: TrialAttempt, marketId: string): Promise<Outcome<object>> {
  const { rowCount } = await db.query(
    `insert into scenario_trials (run_id, scenario_id, trial, attempt, market_id, status, created_at)
     values ($1, $2, $3, $4, $5, 'preparing', date_trunc('milliseconds', clock_timestamp()))
     on conflict do nothing`,
    [...keyOf(attempt), marketId],
  )
  if (rowCount === 1) return { ok: true }
  const { rows } = await db.query('select run_id from scenario_trials where market_id = $1', [marketId])
  if (rows[0]?.run_id === attempt.runId) return { ok: true }
  const message = `market ${marketId} is that of a trial of run ${rows[0]?.run_id}: give the run another id`
  return refuse('market_taken', message, 'runId')
}

async function startAttempt(db: Database, attempt: TrialAttempt, runner: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update scenario_trials
        set status = 'running', runner = $5, started_at = date_trunc('milliseconds', clock_timestamp())
      where run_id = $1 and scenario_id = $2 and trial = $3 and attempt = $4 and status = 'preparing'`,
    [...keyOf(attempt), runner],
  )
  return rowCount === 1
}

async function endAttempt(
  db: Database,
  attempt: TrialAttempt,
  runner: string,
  ended: EndedAgent,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update scenario_trials
        set status = 'ended', ended_at = date_trunc('milliseconds', clock_timestamp()), termination = $6,
            end_seq = $7, artefacts = $8, cost_micro = cost_micro + $9
      where run_id = $1 and scenario_id = $2 and trial = $3 and attempt = $4 and status = 'running' and runner = $5`,
    [
      ...keyOf(attempt),
      runner,
      JSON.stringify(ended.termination),
      ended.endSeq,
      JSON.stringify(ended.artefacts),
      ended.costMicro,
    ],
  )
  return rowCount === 1
}

async function failAttempt(db: Database, attempt: TrialAttempt, problem: string): Promise<void> {
  await db.query(
    `update scenario_trials
        set status = 'finished', problem = $5, verdict = null,
            ended_at = coalesce(ended_at, date_trunc('milliseconds', clock_timestamp())),
            finished_at = date_trunc('milliseconds', clock_timestamp())
      where run_id = $1 and scenario_id = $2 and trial = $3 and attempt = $4
        and (status <> 'finished' or verdict is null)`,
    [...keyOf(attempt), problem],
  )
}

async function storeVerdict(
  db: Database,
  attempt: TrialAttempt,
  { verdict, verdictSeq, again }: { verdict: string; verdictSeq: number; again: boolean },
): Promise<void> {
  await db.query(
    `update scenario_trials
        set status = 'finished', verdict = $5, verdict_seq = $6, problem = null,
            finished_at = date_trunc('milliseconds', clock_timestamp())
      where run_id = $1 and scenario_id = $2 and trial = $3 and attempt = $4
        and (status = 'ended' or (status = 'finished' and end_seq is not null and (verdict is null or $7)))`,
    [...keyOf(attempt), verdict, verdictSeq, again],
  )
}

async function addCost(db: Database, attempt: TrialAttempt, costMicro: number): Promise<void> {
  await db.query(
    `update scenario_trials set cost_micro = cost_micro + $5
      where run_id = $1 and scenario_id = $2 and trial = $3 and attempt = $4`,
    [...keyOf(attempt), costMicro],
  )
}

function keyOf({ runId, scenarioId, trial, attempt }: TrialAttempt) {
  return [runId, scenarioId, trial, attempt]
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the query above
function trialOf(row: any): StoredTrial {
  return {
    runId: row.run_id,
    scenarioId: row.scenario_id,
    trial: row.trial,
    attempt: row.attempt,
    marketId: row.market_id,
    status: row.status,
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    endSeq: row.end_seq === null ? null : Number(row.end_seq),
    verdictSeq: row.verdict_seq === null ? null : Number(row.verdict_seq),
    termination: row.termination,
    verdict: row.verdict,
    problem: row.problem,
    artefacts: row.artefacts ?? {},
    costMicro: Number(row.cost_micro),
  }
}
