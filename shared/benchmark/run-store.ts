import type { MarketStatus } from '../economy/economy.ts'
import type { Outcome } from '../economy/refusal.ts'
import type { RunInputs, RunManifest } from './manifest.ts'
import type { Termination, TrialAttempt, TrialSubject } from './trial.ts'

export type TrialStatus = 'preparing' | 'running' | 'ended' | 'finished'

/** One attempt at a trial, as it stands. */
export interface StoredTrial extends TrialAttempt {
  marketId: string
  status: TrialStatus
  startedAt: string | null
  endedAt: string | null
  endSeq: number | null
  verdictSeq: number | null
  termination: Termination | null
  /** The verdict as JSON text. */
  verdict: string | null
  problem: string | null
  artefacts: Record<string, unknown>
  /** Of all attempts at the trial up to this one. */
  costMicro: number
}

export interface StoredRun {
  manifest: RunManifest
  inputs: RunInputs
  createdAt: string
  finishedAt: string | null
  /** When its markets were given up; null: they are kept. */
  prunedAt: string | null
}

/** A run in a list, with how far it is. */
export interface ListedRun {
  manifest: RunManifest
  createdAt: string
  finishedAt: string | null
  prunedAt: string | null
  finishedTrials: number
}

/** What is left of an agent's time. */
export interface EndedAgent {
  termination: Termination
  endSeq: number
  artefacts: Record<string, unknown>
  costMicro: number
}

/** Runs and their trials, as they are kept. */
export interface RunStore {
  /** Stores a run that is about to begin. The same run again is accepted; another under its id is refused. */
  createRun(manifest: RunManifest, inputs: RunInputs): Promise<Outcome<{ runId: string }>>
  /** Refuses `unknown_run`. */
  readRun(runId: string): Promise<Outcome<StoredRun>>
  listRuns(limit: number): Promise<ListedRun[]>
  /** Notes that trials of a run begin. Refuses `unknown_run`, and `run_pruned` when its markets were given up. */
  beginRun(runId: string): Promise<Outcome<object>>
  /** Notes that all trials of a run are over. */
  finishRun(runId: string): Promise<void>
  /** Notes that a run's markets are removed from now on; again it does nothing. Refuses `unknown_run`. */
  giveUpMarkets(runId: string): Promise<Outcome<object>>
  /** The markets of all attempts of a run that are there, removed ones left out. */
  listMarkets(runId: string): Promise<{ marketId: string; status: MarketStatus }[]>
  /**
   * Runs that were over, or not touched, for so many days, and those given up whose markets are not all gone: the first
   * `limit` ids after `afterRunId`, in order.
   */
  listPrunable(days: number, afterRunId: string, limit: number): Promise<string[]>
  /** The newest attempt at a trial; null: none was begun. */
  readTrial(subject: TrialSubject): Promise<StoredTrial | null>
  /** The newest attempt at each trial of a run. */
  listTrials(runId: string): Promise<StoredTrial[]>
  /**
   * Notes an attempt that is about to be prepared; one that was noted before stays as it is. Refuses `market_taken`, when
   * its market has the name of one of another run.
   */
  beginAttempt(attempt: TrialAttempt, marketId: string): Promise<Outcome<object>>
  /** Lets one runner run the agent of an attempt, once: false for every other, and for the same one again. */
  startAttempt(attempt: TrialAttempt, runner: string): Promise<boolean>
  /** Notes how the agent's time ended; only its runner may. False: somebody else decided meanwhile. */
  endAttempt(attempt: TrialAttempt, runner: string, ended: EndedAgent): Promise<boolean>
  /** Ends an attempt without a verdict; one that is finished stays as it is. */
  failAttempt(attempt: TrialAttempt, problem: string): Promise<void>
  /** Stores a verdict, once; a later one only with `again`. */
  storeVerdict(
    attempt: TrialAttempt,
    decided: { verdict: string; verdictSeq: number; again: boolean },
  ): Promise<void>
  /** Adds what judges cost. */
  addCost(attempt: TrialAttempt, costMicro: number): Promise<void>
}
