/** Names and shapes by which operators, agents and programs reach the workflows. Plain JSON, no client library. */
import type { PaidAllowances } from '../allowance/allowance.ts'
import type { Scores } from '../attention/attention.ts'
import type { TrialOutcome } from '../benchmark/trial.ts'
import type { BidVerdict } from '../bid/admission.ts'
import type { CycleSummary, MarketStatus, NextStep, PriceTick } from '../economy/economy.ts'
import type { Outcome } from '../economy/refusal.ts'

export const DEFAULT_TASK_QUEUE = 'bourse'

export const marketWorkflowId = (marketId: string) => `market/${marketId}`
export const cycleWorkflowId = (marketId: string, cycle: number) => `cycle/${marketId}/${cycle}`
export const agentWorkflowId = (marketId: string, agent: string) => `agent/${marketId}/${agent}`

export const promptWorkflowId = (promptId: string) => `prompt/${promptId}`

/** A market's schedule of price updates, and the beginning of their workflows' ids: Temporal appends the time. */
export const priceScheduleId = (marketId: string) => `price-update/${marketId}`

/** The schedule that pays a market's allowances of one period, and the beginning of their workflows' ids. */
export const allowanceScheduleId = (marketId: string, periodSeconds: number) =>
  `allowance/${marketId}/${periodSeconds}`

/** The period in a workflow id such as `allowance/<market>/<seconds>`, with or without a schedule's time behind it. */
export function allowancePeriodOfId(workflowId: string): number | undefined {
  const seconds = /^allowance\/[^/]+\/(\d{1,9})(-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?(\/|$)/.exec(
    workflowId,
  )?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

/** A lease's execution: one workflow each, for ever. */
export const executionWorkflowId = (leaseId: string) => `execution/${leaseId}`

/** Programs run on workers with a sandbox only, which take them from a queue of their own. */
export const executionTaskQueue = (taskQueue: string) => `${taskQueue}-executions`

/** Prices have activities of their own queue, so that none that is stuck takes a cycle's place. */
export const priceTaskQueue = (taskQueue: string) => `${taskQueue}-prices`

/** Trials of a benchmark have activities of their own queue, so that long ones take no market's place. */
export const benchmarkTaskQueue = (taskQueue: string) => `${taskQueue}-benchmark`

export const suiteWorkflowId = (runId: string) => `suite/${runId}`
export const scenarioWorkflowId = (runId: string, scenarioId: string, trial: number) =>
  `scenario/${runId}/${scenarioId}/${trial}`

/** The market in a workflow id such as `price-update/<market>`, with or without a schedule's time behind it. */
export function marketInPriceUpdateId(workflowId: string): string | undefined {
  return /^price-update\/([^/]+?)(-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?(\/|$)/.exec(workflowId)?.[1]
}

/** Input of `market`; taken from the workflow id `market/<id>` when absent. */
export interface MarketInput {
  marketId?: string
}

/** Input of `allocationCycle`; taken from the workflow id `cycle/<market>/<n>` when absent. */
export interface AllocationCycleInput {
  marketId?: string
  /** Absent: the market's open cycle, else the next. */
  cycle?: number
}

/** Input of `priceUpdate`; taken from the workflow id `price-update/<market>` when absent. */
export interface PriceUpdateInput {
  marketId?: string
}

/** Input of `allowance`; taken from the workflow id `allowance/<market>/<seconds>` when absent. */
export interface AllowanceInput {
  marketId?: string
  periodSeconds?: number
}

/** What `allowance` answers: what was paid now, or that its market was closed and pays none. */
export type AllowanceResult = PaidAllowances | { closed: true; message: string }

/** Input of `execution`; taken from the workflow id `execution/<lease>` when absent. */
export interface ExecutionInput {
  leaseId?: string
}

/** What `execution` answers; `missed`: the program never ran. */
export interface ExecutionResult {
  leaseId: string
  status: 'terminated' | 'missed'
  reason: string
  exitCode: number | null
  refunded: boolean
}

/** What `priceUpdate` answers: the tick, or that its market was closed meanwhile and has no more of them. */
export type PriceUpdateResult = PriceTick | { closed: true; message: string }

/** Input of `attentionPrompt`; taken from the workflow id `prompt/<id>` when absent. */
export interface AttentionPromptInput {
  promptId?: string
}

/** Input of `benchmarkScenario`; taken from the workflow id `scenario/<run>/<scenario>/<trial>` when absent. */
export interface BenchmarkScenarioInput {
  runId?: string
  scenario?: string
  trial?: number
  /** With an agent, a run that is not there yet is made, of this scenario alone. */
  agent?: string
}

/** What the query `state` of `benchmarkSuite` answers. */
export interface SuiteState {
  runId: string
  trials: number
  running: string[]
  done: Record<TrialOutcome, number>
  costMicro: number
}

/** What the update `score` of `attentionPrompt` takes: whole numbers from 0 to 10, and who gives them. */
export interface ScoreMessage extends Scores {
  actor?: string
}

/** Input of `agent`; market and agent are taken from the workflow id `agent/<market>/<id>` when absent. */
export interface AgentInput {
  marketId?: string
  agent?: string
  /** Carried when the workflow continues as new. */
  carried?: CarriedAgent
}

/** What an `agent` run hands to its successor: counters and the newest verdicts, never the truth. */
export interface CarriedAgent {
  signals: number
  nonsense: number
  verdicts: AgentVerdict[]
}

/** The answer to one bid or cancel, newest last. */
export interface AgentVerdict {
  /** The bid's own key, else the one it was given. */
  key: string
  verdict: BidVerdict | Outcome<{ bidId: string; status: string }>
}

/** What the query `state` of `agent` answers. */
export interface AgentState {
  marketId: string
  agent: string
  waiting: number
  signals: number
  nonsense: number
  verdicts: AgentVerdict[]
}

/** What the query `state` of `market` answers. */
export interface MarketState {
  marketId: string
  status: MarketStatus | null
  next: NextStep | null
  lastCycle: CycleSummary | null
  publishing: boolean
  /** Why events are not published at the moment; null: they are, or none waits. */
  publicationProblem: string | null
}

export const signals = { placeBid: 'placeBid', cancelBid: 'cancelBid', look: 'look', stop: 'stop' } as const
export const updates = {
  placeBid: 'placeBid',
  pause: 'pause',
  resume: 'resume',
  step: 'step',
  close: 'close',
  score: 'score',
} as const
export const queries = { state: 'state' } as const
