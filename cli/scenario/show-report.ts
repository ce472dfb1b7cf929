import { writeFile } from 'node:fs/promises'
import { type EventsByMarket, htmlReport } from '../../shared/benchmark/html-report.ts'
import { junitReport } from '../../shared/benchmark/junit-report.ts'
import { makeReport, type RunReport } from '../../shared/benchmark/run-report.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED, EXIT_UNUSABLE } from '../exit-codes.ts'
import { colours } from '../show/colours.ts'
import { safeText } from '../show/safe-text.ts'
import { renderTable } from '../show/table.ts'
import type { Servers } from '../stack/servers.ts'
import { readRunEvents } from './run-events.ts'

/** The report of a run that is stored; how far several judges agree is read from the streams. */
export async function reportOf(servers: Servers, runId: string): Promise<RunReport> {
  const store = createPostgresRuns(servers.database())
  const run = acceptedOrRefused(await store.readRun(runId))
  const trials = await store.listTrials(runId)
  const report = makeReport(run, trials)
  if (run.manifest.judges.length < 2) return report
  return makeReport(run, trials, (await readRunEvents(servers, report)).values())
}

type WriteReport = (report: RunReport, events: () => Promise<EventsByMarket>) => Promise<void>

/** What writes a report to a file in the form its ending names; a form that is not known is wrong usage, told at once. */
export function reportWriter(file: string | undefined): WriteReport {
  if (file === undefined) return async () => {}
  const ending = /\.(json|xml|html)$/.exec(file)?.[1]
  switch (ending) {
    case 'json':
      return report => writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
    case 'xml':
      return report => writeFile(file, junitReport(report))
    case 'html':
      return async (report, events) => writeFile(file, htmlReport(report, await events()))
    default:
      throw wrongUsage('--report: a file ends in .json, .xml or .html', 'report')
  }
}

/** 0: all passed; 1: some failed; 2: some could not be run. */
export function exitCodeOf({ totals, open }: RunReport): number {
  if (totals.failed > 0) return EXIT_REFUSED
  return totals.infrastructure + totals.cancelled + totals.not_run + open > 0 ? EXIT_UNUSABLE : EXIT_DONE
}

/** The report as a table for people. */
export function renderReport({
  runId,
  official,
  manifest,
  scenarios,
  totals,
  open,
  bar,
  cost,
  judgeAgreement,
}: RunReport): string {
  const table = renderTable(
    ['scenario', 'name', { right: 'passed' }, { right: 'scored' }, { right: 'score' }, 'interval'],
    scenarios.map(({ id, name, passed, scored, score }) => [
      id,
      name,
      passed,
      scored,
      score === null ? null : score.mean.toFixed(2),
      score?.lower == null ? null : `${score.lower.toFixed(2)} to ${score.upper!.toFixed(2)}`,
    ]),
  )
  const reasons = scenarios.flatMap(({ id, trials }) =>
    trials.flatMap(({ trial, outcome, reasons: told }) =>
      outcome === 'passed' ? [] : [`${id}, trial ${trial}: ${outcome}`, ...told.map(reason => `  ${reason}`)],
    ),
  )
  const { passed, failed, infrastructure, cancelled, not_run: notRun } = totals
  const without = infrastructure + cancelled
  const lines = [
    `Run ${runId}, agent ${manifest.agent.name}: ${passed} passed, ${failed} failed${without > 0 ? `, ${without} without a verdict` : ''}${open > 0 ? `, ${open} not over` : ''}. Models cost ${cost}.`,
    ...(official ? [] : ['Unofficial: a judge of fixed rules scored, not a model.']),
    ...(notRun > 0 ? [`${notRun} not begun: models may cost ${manifest.maxCost} (--max-cost).`] : []),
    ...(judgeAgreement === null ? [] : [`Judges agree with alpha ${judgeAgreement.toFixed(2)}.`]),
    `Passing bar: ${bar.verdict} (${bar.parts.map(part => `${part.name}: ${part.found}`).join('; ')}).`,
  ]
  return `${[table, ...reasons.map(safeText), ...(reasons.length > 0 ? [''] : []), ...lines.map((line, place) => (place === 0 ? colours.bold(safeText(line)) : safeText(line)))].join('\n')}\n`
}
