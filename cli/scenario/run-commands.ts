import { type Command, InvalidArgumentError } from 'commander'
import { PARALLEL_MAX, TRIALS_MAX } from '../../shared/benchmark/run-request.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { acceptedOrRefused, CommandFailure, wrongUsage } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED, EXIT_UNUSABLE } from '../exit-codes.ts'
import { LIMIT, wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { safeText } from '../show/safe-text.ts'
import { renderTable } from '../show/table.ts'
import type { Servers } from '../stack/servers.ts'
import { compareRuns } from './compare-runs.ts'
import { makeRun, type RunOptions } from './make-run.ts'
import { addPruneCommand } from './prune-command.ts'
import { replayExport, replayRun } from './replay-run.ts'
import { exportRun, readRunEvents } from './run-events.ts'
import { exitCodeOf, renderReport, reportOf, reportWriter } from './show-report.ts'
import { seeThrough } from './suite-workflow.ts'

/** Adds what runs scenarios, and what is done with runs, to `bourse scenario`. */
export function addRunCommands(scenario: Command): void {
  withRunOptions(
    scenario
      .command('run')
      .description('run scenarios with an agent under test, and judge it by the events')
      .argument('[ids...]', 'which ones; what they go on with is run before'),
  ).action((ids: string[], options: RunOptions) =>
    runCommand(options, servers => {
      if (ids.length === 0 && options.resume === undefined && options.holdouts === undefined)
        throw wrongUsage('name scenarios, or use `bourse scenario suite` for all of them')
      return run(servers, ids, options)
    }),
  )
  withRunOptions(
    scenario.command('suite').description('run the whole catalogue, as `run` does with all ids'),
  ).action((options: RunOptions) => runCommand(options, servers => run(servers, null, options)))
  addRuns(scenario)
  addReport(scenario)
  addReplay(scenario)
  addCompare(scenario)
  addPruneCommand(scenario)
}

function withRunOptions(command: Command): Command {
  return command
    .option('--agent <name>', 'agents/<name>.json, or the path of such a file', 'reference')
    .option('--trials <n>', 'of each scenario', wholeNumber(1, TRIALS_MAX), 1)
    .option(
      '--judge <model>',
      'a model that the proxy serves, several times for several judges; "scripted" goes by fixed rules and makes the report unofficial',
      (model: string, others: string[] | undefined) => [...(others ?? []), model],
    )
    .option('--judge-temperature <t>', 'of judges', temperature, 0.3)
    .option('--self-judged', 'allow a judge that is the model under test')
    .option('--parallel <n>', 'trials at once', wholeNumber(1, PARALLEL_MAX), 4)
    .option(
      '--seed <n>',
      'of variants; runs of different seeds are not compared',
      wholeNumber(0, 2_147_483_647),
      0,
    )
    .option('--max-cost <money>', 'begin no further trial once the models have cost as much')
    .option(
      '--variants <n>',
      'so many variants of each scenario besides: other numbers, names and orders',
      wholeNumber(0, 10),
      0,
    )
    .option('--holdouts <folder>', 'more scenarios, which the agent has not seen')
    .option('--run-id <id>', 'the name of the run; by default a new one')
    .option('--resume <run>', 'go on with a run that was interrupted: what is over stays')
    .option('--report <file>', 'write the report: .json, .xml (JUnit) or .html, by the ending')
    .option('--json', 'print one JSON document')
}

async function run(servers: Servers, ids: readonly string[] | null, options: RunOptions): Promise<number> {
  const write = reportWriter(options.report)
  const store = createPostgresRuns(servers.database())
  const runId = options.resume ?? acceptedOrRefused(await makeRun(store, ids, options)).runId
  acceptedOrRefused(await store.readRun(runId))
  await seeThrough(await servers.temporal(), servers.environment().temporal.taskQueue, { runId })
  const report = await reportOf(servers, runId)
  await write(report, () => readRunEvents(servers, report))
  await printAnswer(options, { ok: true, ...report }, () => renderReport(report))
  return exitCodeOf(report)
}

function addRuns(scenario: Command): void {
  scenario
    .command('runs')
    .description('the newest runs')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--json', 'print one JSON document')
    .action((options: OutputOptions & { limit: number }) =>
      runCommand(options, async servers => {
        const items = await createPostgresRuns(servers.database()).listRuns(options.limit)
        await printAnswer(options, { ok: true, items }, () =>
          renderTable(
            ['run', 'agent', { right: 'trials' }, { right: 'over' }, 'began', 'ended', 'markets'],
            items.map(({ manifest, createdAt, finishedAt, prunedAt, finishedTrials }) => [
              manifest.runId,
              manifest.agent.name,
              manifest.trials * manifest.scenarios.length,
              finishedTrials,
              createdAt,
              finishedAt,
              prunedAt === null ? 'kept' : 'removed',
            ]),
          ),
        )
        return EXIT_DONE
      }),
    )
}

function addReport(scenario: Command): void {
  scenario
    .command('report <run>')
    .description('what came of a run, with the reason of each failure')
    .option('--report <file>', 'write it: .json, .xml (JUnit) or .html, by the ending')
    .option('--export <file>', 'write all that it is decided again from, one JSON document a line')
    .option('--json', 'print one JSON document')
    .action((runId: string, options: OutputOptions & { report?: string; export?: string }) =>
      runCommand(options, async servers => {
        const write = reportWriter(options.report)
        const report = await reportOf(servers, runId)
        await write(report, () => readRunEvents(servers, report))
        if (options.export !== undefined) await exportRun(servers, report, options.export)
        await printAnswer(options, { ok: true, ...report }, () => renderReport(report))
        return exitCodeOf(report)
      }),
    )
}

function addReplay(scenario: Command): void {
  scenario
    .command('replay <run>')
    .description('decide the trials of a run again by their events, without agent and judge, and compare')
    .option('--from <file>', 'a run as `report --export` wrote it; no server is needed')
    .option('--rejudge', 'ask the judges anew before that; their new scores count')
    .option('--json', 'print one JSON document')
    .action((runId: string, options: OutputOptions & { from?: string; rejudge?: boolean }) =>
      runCommand(options, async servers => {
        if (options.rejudge) {
          if (options.from !== undefined)
            throw wrongUsage('--rejudge goes by the streams, not --from', 'from')
          acceptedOrRefused(await createPostgresRuns(servers.database()).readRun(runId))
          const { taskQueue } = servers.environment().temporal
          const { done } = await seeThrough(await servers.temporal(), taskQueue, { runId, rejudge: true })
          if (done.infrastructure > 0) throw notRejudged(runId, done.infrastructure)
        }
        const replayed = await (options.from === undefined
          ? replayRun(servers, runId)
          : replayExport(runId, options.from))
        const same = replayed.every(trial => trial.same)
        await printAnswer(options, { ok: same, runId, items: replayed }, () =>
          renderTable(
            ['scenario', { right: 'trial' }, 'verdict', 'the same'],
            replayed.map(({ scenarioId, trial, passed, same: isSame }) => [
              scenarioId,
              trial,
              passed ? 'passed' : 'failed',
              isSame ? 'yes' : 'no',
            ]),
          ),
        )
        return same ? EXIT_DONE : EXIT_REFUSED
      }),
    )
}

function addCompare(scenario: Command): void {
  scenario
    .command('compare <a> <b>')
    .description('whether the agent of run b is better than that of run a, which differ in nothing else')
    .option('--json', 'print one JSON document')
    .action((a: string, b: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const compared = acceptedOrRefused(await compareRuns(createPostgresRuns(servers.database()), a, b))
        const { verdict, difference, lower, upper, pairs, scenarios, reason } = compared
        const interval = lower === null ? '' : `, 95 % from ${lower.toFixed(3)} to ${upper!.toFixed(3)}`
        const told = difference === null ? '' : ` by ${difference.toFixed(3)} of 5${interval}`
        await printAnswer(
          options,
          compared,
          () =>
            `${safeText(b)} is ${verdict}${told}: ${reason} (${pairs} pairs of ${scenarios} scenarios).\n`,
        )
        return EXIT_DONE
      }),
    )
}

function notRejudged(runId: string, trials: number): CommandFailure {
  const message = `${trials} trials of run ${runId} could not be judged anew: their verdicts stand as they were`
  return new CommandFailure({ code: 'not_judged', message, runId, trials }, EXIT_UNUSABLE)
}

function temperature(text: string): number {
  const number = /^\d(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= 0 && number <= 2)) throw new InvalidArgumentError('It is a number from 0 to 2.')
  return number
}
