import { decide } from '../../shared/benchmark/benchmark-runs.ts'
import { canonicalJson } from '../../shared/benchmark/manifest.ts'
import { refusePruned } from '../../shared/benchmark/pruned.ts'
import type { ExportedTrial } from '../../shared/benchmark/run-export.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import type { Servers } from '../stack/servers.ts'
import { readExportFile, readMarketEvents } from './run-events.ts'

export interface ReplayedTrial {
  scenarioId: string
  trial: number
  passed: boolean
  /** Whether the verdict is, byte for byte, the one that was stored. */
  same: boolean
  verdict: unknown
}

/** Decides every trial of a run that has a verdict again, by its events from the streams. Refuses `run_pruned`. */
export async function replayRun(servers: Servers, runId: string): Promise<ReplayedTrial[]> {
  const store = createPostgresRuns(servers.database())
  const { inputs, prunedAt } = acceptedOrRefused(await store.readRun(runId))
  if (prunedAt !== null) acceptedOrRefused(refusePruned(runId, prunedAt))
  const replayed: ReplayedTrial[] = []
  for (const { endSeq, verdictSeq, verdict, ...stored } of await store.listTrials(runId)) {
    if (verdict === null || endSeq === null || verdictSeq === null) continue
    const events = await readMarketEvents(servers, stored.marketId, verdictSeq)
    replayed.push(...replayTrial(inputs.scenarios, { ...stored, endSeq, verdictSeq, verdict }, events))
  }
  return replayed
}

/** Decides the trials of an exported run again, with nothing but the file. */
export async function replayExport(runId: string, file: string): Promise<ReplayedTrial[]> {
  const exported = await readExportFile(file)
  if (exported.runId !== runId)
    throw wrongUsage(`--from ${file} is an export of run ${exported.runId}, not of ${runId}`, 'from')
  return exported.trials.flatMap(trial =>
    replayTrial(exported.scenarios, trial, exported.events.get(trial.marketId) ?? []),
  )
}

function replayTrial(
  scenarios: readonly Scenario[],
  { scenarioId, trial, endSeq, verdictSeq, verdict }: ExportedTrial,
  events: readonly BourseEvent[],
): ReplayedTrial[] {
  const scenario = scenarios.find(one => one.id === scenarioId)
  if (scenario === undefined) return []
  const again = decide(scenario, events, { endSeq, verdictSeq })
  const same = canonicalJson(again) === verdict
  return [{ scenarioId, trial, passed: again.passed, same, verdict: again }]
}
