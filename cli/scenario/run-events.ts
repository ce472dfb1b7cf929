import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { EventsByMarket } from '../../shared/benchmark/html-report.ts'
import { refusePruned } from '../../shared/benchmark/pruned.ts'
import { ExportProblem, exportLines, type RunExport, readExport } from '../../shared/benchmark/run-export.ts'
import type { RunReport } from '../../shared/benchmark/run-report.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import type { Servers } from '../stack/servers.ts'

const COLLECT_MS_MAX = 60_000

/** The events of every trial of a run that has a market, from the streams; none of a run whose markets were removed. */
export async function readRunEvents(
  servers: Servers,
  { scenarios, prunedAt }: RunReport,
): Promise<EventsByMarket> {
  const events = new Map<string, BourseEvent[]>()
  if (prunedAt !== null) return events
  for (const { marketId } of scenarios.flatMap(scenario => scenario.trials)) {
    events.set(marketId, await readMarketEvents(servers, marketId))
  }
  return events
}

/** Events of one market from its stream, up to `untilSeq` or all there are. */
export async function readMarketEvents(
  servers: Servers,
  marketId: string,
  untilSeq?: number,
): Promise<BourseEvent[]> {
  const { collectAll } = await import('../../shared/bus/collect-all.ts')
  return await collectAll(await servers.bus(), marketId, { untilSeq, waitMs: COLLECT_MS_MAX })
}

/** Writes a run with the events of its trials: all that is needed to decide it again. Refuses `run_pruned`. */
export async function exportRun(servers: Servers, report: RunReport, file: string): Promise<void> {
  const { runId, prunedAt } = report
  if (prunedAt !== null) acceptedOrRefused(refusePruned(runId, prunedAt))
  const store = createPostgresRuns(servers.database())
  const run = acceptedOrRefused(await store.readRun(runId))
  const trials = await store.listTrials(runId)
  const events = await readRunEvents(servers, report)
  const out = createWriteStream(file)
  for (const line of exportLines(run, trials, events)) {
    if (!out.write(line)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

/** Reads what writeExport wrote; a file that is none is wrong usage. */
export async function readExportFile(file: string): Promise<RunExport> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    return await readExport(lines)
  } catch (error) {
    if (error instanceof ExportProblem) throw wrongUsage(`--from ${file}, ${error.message}`, 'from')
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw wrongUsage(`--from ${file} is not there`, 'from')
    throw error
  }
}
