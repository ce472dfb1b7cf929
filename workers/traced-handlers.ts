import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { Outcome } from '../shared/economy/refusal.ts'
import type { Caller } from '../shared/rpc/operation.ts'
import type { Handlers } from '../shared/rpc/operations.ts'
import { contextOf, traced, traceparentOf } from '../shared/telemetry/trace-context.ts'

type Handler = (caller: Caller, request: unknown) => Promise<Outcome<object>>

/** The same handlers, each request a span in its sender's trace; a bid goes on under it. */
export function tracedHandlers(handlers: Handlers): Handlers {
  const wrapped = Object.entries(handlers as unknown as Record<string, Handler>).map(
    ([operation, handler]) => [
      operation,
      (caller: Caller, request: unknown) => answerTraced(operation, handler, caller, request),
    ],
  )
  return Object.fromEntries(wrapped) as Handlers
}

function answerTraced(
  operation: string,
  handler: Handler,
  caller: Caller,
  request: unknown,
): Promise<Outcome<object>> {
  const options = {
    parent: contextOf(caller.traceparent),
    kind: SpanKind.SERVER,
    attributes: {
      'messaging.system': 'nats',
      'messaging.operation.name': operation,
      'bourse.market': caller.marketId,
      'bourse.agent': caller.agent,
    },
  }
  return traced(`agent ${operation}`, options, async span => {
    const outcome = await handler({ ...caller, traceparent: traceparentOf() ?? caller.traceparent }, request)
    if (!outcome.ok) {
      const { code, message } = outcome.error
      span.setAttribute('error.type', code)
      span.setStatus({ code: SpanStatusCode.ERROR, message })
    }
    return outcome
  })
}
