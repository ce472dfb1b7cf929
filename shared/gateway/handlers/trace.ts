import { tellAgentEvent } from '../../db/events/agent-events.ts'
import { draftEvent } from '../../events/draft.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { traceOperations } from '../../rpc/trace.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations by which an agent says how it thinks. */
export function createTraceHandlers({ db, hint }: HandlerParts): HandlersOf<typeof traceOperations> {
  return {
    'trace.reasoning': ({ marketId, agent, traceparent }, { key, ...said }) =>
      tellAgentEvent(db, hint, {
        marketId,
        agent,
        key: key ?? null,
        content: { operation: 'trace.reasoning', ...said },
        event: operationId =>
          draftEvent(
            operationId,
            'reasoning_trace',
            {
              decision_id: said.decisionId,
              context: said.context,
              factors_considered: said.factorsConsidered,
              reasoning: said.reasoning,
              decision: said.decision,
              alternatives_considered: said.alternativesConsidered,
            },
            { agent, correlationId: operationId, traceparent },
          ),
      }),
    'trace.reflection': ({ marketId, agent, traceparent }, { key, ...said }) =>
      tellAgentEvent(db, hint, {
        marketId,
        agent,
        key: key ?? null,
        content: { operation: 'trace.reflection', ...said },
        event: operationId =>
          draftEvent(
            operationId,
            'reflection',
            {
              trigger: said.trigger,
              outcome_assessment: said.outcomeAssessment,
              what_worked: said.whatWorked,
              what_failed: said.whatFailed,
              adjustments_planned: said.adjustmentsPlanned,
              metrics: said.metrics,
            },
            { agent, correlationId: operationId, traceparent },
          ),
      }),
  }
}
