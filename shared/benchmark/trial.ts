import { createHash } from 'node:crypto'

/** One trial of one scenario in a run. */
export interface TrialSubject {
  runId: string
  scenarioId: string
  trial: number
}

/** One attempt at it. */
export interface TrialAttempt extends TrialSubject {
  attempt: number
}

/** The agent under test in its trial's market. */
export const AGENT = 'self'

/**
 * Why the agent's time was over. `finished`: it said so, or its program ended; `error`: it ended by an error of its own;
 * `deadline`: that of its task; the others are limits that it reached.
 */
export const TERMINATIONS = [
  'finished',
  'error',
  'deadline',
  'turns',
  'tokens',
  'seconds',
  'cost',
  'cancelled',
] as const

export interface Termination {
  reason: (typeof TERMINATIONS)[number]
  /** For people; an agent's own words are cut. */
  detail: string | null
  seconds: number
  /** Operations it asked for. */
  turns: number
  /** Tokens of its own model. */
  tokens: number
}

/** `infrastructure`: our side failed, which is neither; `not_run`: the money was used up before. */
export type TrialOutcome = 'passed' | 'failed' | 'infrastructure' | 'cancelled' | 'not_run'

/** What is left of a trial when it is over, in short. */
export interface TrialResult extends TrialSubject {
  attempt: number
  marketId: string | null
  outcome: TrialOutcome
  score: number | null
  /** Why there is no verdict. */
  problem: string | null
  termination: Termination['reason'] | null
  costMicro: number
}

const MARKET_NAME_MAX = 63

/** The market of one attempt: named after it, and no other attempt's. */
export function trialMarketId({ runId, scenarioId, trial, attempt }: TrialAttempt): string {
  const end = attempt === 1 ? `${trial}` : `${trial}-${attempt}`
  const whole = `bench-${runId}-${scenarioId.replaceAll('_', '-')}-${end}`
  if (whole.length <= MARKET_NAME_MAX) return whole
  const hash = createHash('sha256').update(scenarioId).digest('hex').slice(0, 12)
  return `bench-${runId}-${hash}-${end}`
}

/** The markets in which a run's models have their tokens: one, and another each time it is gone on with later. */
export function modelMarketId(runId: string, round: number): string {
  return round === 1 ? `bench-${runId}-models` : `bench-${runId}-models-r${round}`
}

/** A trial that a suite is to see through. */
export interface PlannedTrial {
  scenarioId: string
  trial: number
  /** The scenario whose same trial comes before this one, and hands on what it made. */
  after: string | null
}

/** A run's trials, and how they are to be gone through. */
export interface PlannedRun {
  runId: string
  trials: PlannedTrial[]
  parallel: number
  /** No further trial begins once the models have cost as much, in millionths; null: no limit. */
  costMicroMax: number | null
}

/** Where a trial goes on. */
export type TrialStage =
  | { stage: 'run' | 'judge'; attempt: number; marketId: string; secondsMax: number }
  | { stage: 'finished'; result: TrialResult }

/** How an agent's time ended; `interrupted`: our side failed, and the agent is not run again in this market. */
export type RanAgent =
  | { outcome: 'ended'; termination: Termination }
  | { outcome: 'interrupted'; problem: string }
