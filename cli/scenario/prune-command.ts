import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { type PrunedRun, pruneRun } from '../../shared/benchmark/prune-runs.ts'
import { type Outcome, refuse } from '../../shared/economy/refusal.ts'
import { createRunPruning } from '../../workers/benchmark/run-pruning.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.ts'
import { wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { renderTable } from '../show/table.ts'
import type { Servers } from '../stack/servers.ts'
import { isUnderWay } from './suite-workflow.ts'

const DAYS_MAX = 3_650
const RUNS_MAX = 10_000
/** A market that is closing is closed within moments, if a market worker runs. */
const CLOSING_MS_MAX = 60_000
const LOOK_MS = 500

interface PruneOptions extends OutputOptions {
  olderThan?: number
  keep?: number
}

/** `bourse scenario prune`: removes the markets of runs, and keeps their verdicts. */
export function addPruneCommand(scenario: Command): void {
  scenario
    .command('prune')
    .argument('[runs...]', 'these; without any, those that were over as long as BOURSE_KEEP_RUNS_DAYS says')
    .description('remove the markets of runs, with their events and streams; verdicts and reports stay')
    .option('--older-than <days>', 'runs that were over so many days ago', wholeNumber(0, DAYS_MAX))
    .option('--keep <n>', 'all but the newest n runs', wholeNumber(0, RUNS_MAX))
    .option('--json', 'print one JSON document')
    .action((runIds: string[], options: PruneOptions) =>
      runCommand(options, async servers => {
        const pruned: PrunedRun[] = []
        for (const runId of await chosen(servers, runIds, options)) {
          const { removed, waiting } = acceptedOrRefused(await prune(servers, runId))
          pruned.push({ runId, removed, waiting })
        }
        const isDone = pruned.every(run => run.waiting === 0)
        await printAnswer(options, { ok: isDone, items: pruned }, () =>
          renderTable(
            ['run', { right: 'markets removed' }, { right: 'not closed yet' }],
            pruned.map(({ runId, removed, waiting }) => [runId, removed, waiting]),
          ),
        )
        return isDone ? EXIT_DONE : EXIT_REFUSED
      }),
    )
}

async function chosen(
  servers: Servers,
  runIds: readonly string[],
  { olderThan, keep }: PruneOptions,
): Promise<readonly string[]> {
  if (runIds.length > 0) {
    if (olderThan === undefined && keep === undefined) return runIds
    throw wrongUsage('name runs, or say --older-than or --keep, not both')
  }
  const { store } = await pruningOf(servers)
  const days = olderThan ?? (keep === undefined ? servers.environment().retention.runsDays : 0)
  const newest = new Set((await store.listRuns(keep ?? 0)).map(({ manifest }) => manifest.runId))
  const client = await servers.temporal()
  const due: string[] = []
  for (const runId of await store.listPrunable(days, '', RUNS_MAX)) {
    if (!newest.has(runId) && !(await isUnderWay(client, runId))) due.push(runId)
  }
  return due
}

/** Removes what can be removed, and waits a little for markets that are closing. Refuses `run_under_way`. */
async function prune(servers: Servers, runId: string): Promise<Outcome<PrunedRun>> {
  if (await isUnderWay(await servers.temporal(), runId)) {
    const message = `run ${runId} is under way: wait for it, or cancel workflow suite/${runId} first`
    return refuse('run_under_way', message, 'run')
  }
  const pruning = await pruningOf(servers)
  const untilMs = performance.now() + CLOSING_MS_MAX
  for (let removed = 0; ; ) {
    const outcome = await pruneRun(pruning, runId)
    if (!outcome.ok) return outcome
    removed += outcome.removed
    if (outcome.waiting === 0 || performance.now() > untilMs) return { ...outcome, removed }
    await delay(LOOK_MS)
  }
}

async function pruningOf(servers: Servers) {
  return createRunPruning({
    db: servers.database(),
    bus: await servers.bus(),
    economy: servers.economy(),
    identity: servers.identity(),
  })
}
