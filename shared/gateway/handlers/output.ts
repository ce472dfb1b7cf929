import { tellAgentEvent } from '../../db/events/agent-events.ts'
import { draftEvent } from '../../events/draft.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { outputOperations } from '../../rpc/output.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations by which an agent hands in what it made. */
export function createOutputHandlers({ db, hint }: HandlerParts): HandlersOf<typeof outputOperations> {
  return {
    'output.submit': async ({ marketId, agent, traceparent }, { output, label = null, key }) => {
      const told = await tellAgentEvent(db, hint, {
        marketId,
        agent,
        key: key ?? null,
        content: { operation: 'output.submit', output, label },
        event: operationId =>
          draftEvent(
            operationId,
            'output_submitted',
            { output_id: operationId, label, output },
            { agent, correlationId: operationId, traceparent },
          ),
      })
      return told.ok ? { ok: true, outputId: told.operationId } : told
    },
  }
}
