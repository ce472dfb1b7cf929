import { decide } from '../../shared/benchmark/benchmark-runs.ts'
import { canonicalJson } from '../../shared/benchmark/manifest.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import type { Servers } from '../stack/servers.ts'
import { readExport, readMarketEvents } from './run-events.ts'

export interface ReplayedTrial {
  scenarioId: string
  trial: number
  passed: boolean
  /** Whether the verdict is, byte for byte, the one that was stored. */
  same: boolean
  verdict: unknown
}

/** Decides every trial of a run that has a verdict again, by its events from the streams or from a file. */
export async function replayRun(
  servers: Servers,
  runId: string,
  file: string | undefined,
): Promise<ReplayedTrial[]> {
  const store = createPostgresRuns(servers.database())
  const { inputs } = acceptedOrRefused(await store.readRun(runId))
  const exported = file === undefined ? null : await readExport(file)
  const replayed: ReplayedTrial[] = []
  for (const stored of await store.listTrials(runId)) {
    const { scenarioId, trial, marketId, endSeq, verdictSeq, verdict } = stored
    const scenario = inputs.scenarios.find(one => one.id === scenarioId)
    if (verdict === null || endSeq === null || verdictSeq === null || scenario === undefined) continue
    const events = exported?.get(marketId) ?? (await readMarketEvents(servers, marketId, verdictSeq))
    const again = decide(scenario, events, { endSeq, verdictSeq })
    replayed.push({
      scenarioId,
      trial,
      passed: again.passed,
      same: canonicalJson(again) === verdict,
      verdict: again,
    })
  }
  return replayed
}
