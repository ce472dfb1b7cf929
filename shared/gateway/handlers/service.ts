import { listCalls } from '../../db/services/list-services.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { serviceOperations } from '../../rpc/service.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations by which agents sell one another what they can do. */
export function createServiceHandlers({ db, services }: HandlerParts): HandlersOf<typeof serviceOperations> {
  return {
    'service.register': ({ marketId, agent }, { service, cost, specification, key }) =>
      services.register({
        marketId,
        provider: agent,
        service,
        costMicro: cost,
        specification,
        key: key ?? null,
      }),
    'service.invoke': ({ marketId, agent, traceparent }, asked) =>
      services.invoke({
        marketId,
        caller: agent,
        provider: asked.provider,
        service: asked.service,
        arguments: asked.arguments,
        maxCostMicro: asked.maxCost ?? null,
        timeoutSeconds: asked.timeoutSeconds,
        key: asked.key ?? null,
        traceparent,
      }),
    'service.reply': ({ marketId, agent }, { callId, ok, result, key }) =>
      services.answer({ marketId, provider: agent, callId, succeeded: ok, result, key: key ?? null }),
    'service.calls': (caller, asked) => listCalls(db, caller, asked),
  }
}
