import { hostname } from 'node:os'
import { Context } from '@temporalio/activity'
import { v7 as uuidV7 } from 'uuid'
import type { BenchmarkRuns } from '../shared/benchmark/benchmark-runs.ts'
import type {
  PlannedRun,
  RanAgent,
  TrialAttempt,
  TrialResult,
  TrialStage,
  TrialSubject,
} from '../shared/benchmark/trial.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** The steps of trials and suites; each finds what it did before. */
export interface BenchmarkActivities {
  /** Makes the run that is asked for, or finds it; null: the one that is there, else the whole catalogue. */
  planRun(input: { runId: string; request: Record<string, unknown> | null }): Promise<PlannedRun>
  prepareTrial(subject: TrialSubject): Promise<TrialStage>
  runAgent(attempt: TrialAttempt): Promise<RanAgent>
  collectTrial(attempt: TrialAttempt): Promise<{ events: number }>
  judgeTrial(attempt: TrialAttempt): Promise<{ problem: string | null }>
  validateTrial(attempt: TrialAttempt): Promise<TrialResult>
  closeTrial(attempt: TrialAttempt): Promise<void>
  /** Asks the judges anew and decides again, once for each round; null: there is nothing to judge. */
  rejudgeTrial(input: TrialSubject & { round: number }): Promise<TrialResult | null>
  /** Ends an attempt without a verdict, and closes its market. */
  failTrial(failed: TrialAttempt & { problem: string }): Promise<TrialResult>
  /** Ends what was begun of a trial without a verdict, and closes its market; null: nothing was begun. */
  abandonTrial(abandoned: TrialSubject & { problem: string }): Promise<TrialResult | null>
  /** All trials of a run are over. */
  finishRun(input: { runId: string }): Promise<void>
  /** A run is left for now: its models' markets are closed, and it may be gone on with. */
  leaveRun(input: { runId: string }): Promise<void>
}

/** Makes the activities of the benchmark. */
export function createBenchmarkActivities(runs: BenchmarkRuns): BenchmarkActivities {
  const signal = () => Context.current().cancellationSignal
  return {
    planRun: async ({ runId, request }) => acceptedOrFail(await runs.plan(runId, request)).plan,
    prepareTrial: async subject => acceptedOrFail(await runs.prepare(subject)).stage,
    runAgent: attempt => runs.runAgent(attempt, `${hostname()}/${process.pid}/${uuidV7()}`, signal()),
    collectTrial: attempt => runs.collect(attempt),
    judgeTrial: attempt => runs.judge(attempt, signal()),
    validateTrial: attempt => runs.validate(attempt),
    closeTrial: attempt => runs.close(attempt),
    rejudgeTrial: ({ round, ...subject }) => runs.rejudge(subject, round, signal()),
    failTrial: ({ problem, ...attempt }) => runs.fail(attempt, problem),
    abandonTrial: ({ problem, ...subject }) => runs.abandon(subject, problem),
    finishRun: ({ runId }) => runs.finish(runId),
    leaveRun: ({ runId }) => runs.leave(runId),
  }
}
