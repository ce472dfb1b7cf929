import { randomUUID } from 'node:crypto'
import type { BourseEvent } from '../events/envelope.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type AskModel, askJudge } from './ask-judge.ts'
import type { Judge } from './judge.ts'
import { judgeEvaluation } from './judge-reply.ts'
import { transcriptOf } from './transcript.ts'
import { AGENT } from './trial.ts'

type JudgeEvaluation = ReturnType<typeof judgeEvaluation>

export interface RefusedByJudge {
  evaluation_id: string
  judge: string
  attempt: number
  problem: string
}

/** What asking a judge takes. */
export interface JudgeParts {
  /** A judge's model, for one run, and what the call cost. */
  askJudgeOf: (runId: string, onCost: (costMicro: number) => void) => AskModel
  /** Tells what a judge said, once under its key. */
  tellJudged: (
    marketId: string,
    key: string,
    said: { scenarioId: string; refused: RefusedByJudge[]; evaluation: JudgeEvaluation | null },
  ) => Promise<void>
  wasTold: (marketId: string, key: string) => Promise<boolean>
}

/** A trial to be scored by a judge. `round` names the asking: within one, a judge that answered is not asked again. */
export interface JudgedTrial {
  runId: string
  scenario: Scenario
  marketId: string
  events: readonly BourseEvent[]
  boundary: string
  round: number
  signal: AbortSignal
}

/** Asks one judge for its scores and tells what it said as events. The problem: why it has none. */
export async function judgeTrial(
  parts: JudgeParts,
  judge: Judge,
  trial: JudgedTrial,
): Promise<{ problem: string | null; costMicro: number }> {
  const { runId, scenario, marketId, events, boundary, round, signal } = trial
  const evaluationId = `${judge.model}/${round}`
  const key = `judge/${evaluationId}`
  let costMicro = 0
  if (await parts.wasTold(marketId, key)) return { problem: null, costMicro }
  const ask = parts.askJudgeOf(runId, cost => {
    costMicro += cost
  })
  const outcome = await askJudge(ask, judge, scenario, transcriptOf(events), boundary, signal)
  const acts = events.filter(event => event.type === 'tool_call_initiated' && event.agent_id === AGENT)
  const reasoning = events.findLast(event => event.type === 'reasoning_trace' && event.agent_id === AGENT)
  const { judge_evaluation: evaluation, output_quality: quality } = scenario.validation
  const threshold = evaluation?.pass_threshold ?? quality?.threshold ?? 3
  await parts.tellJudged(marketId, outcome.ok ? key : `${key}/refused/${randomUUID()}`, {
    scenarioId: scenario.id,
    refused: outcome.refused.map(reply => ({ evaluation_id: evaluationId, judge: judge.model, ...reply })),
    evaluation: outcome.ok
      ? judgeEvaluation(evaluationId, judge.model, outcome.scores, threshold, {
          reasoning: reasoning?.event_id ?? null,
          actions: acts.map(event => event.event_id),
        })
      : null,
  })
  return { problem: outcome.ok ? null : outcome.problem, costMicro }
}
