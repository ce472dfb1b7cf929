import { defaultPayloadConverter, type Headers } from '@temporalio/common'
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow'
import { TRACE_HEADER } from '../shared/contracts/trace-header.ts'
import { activeTraceparent, disposeTraceContext, inTrace } from './trace-context.ts'

/**
 * Carries the trace of whoever starts, signals or updates a workflow to the activities and children that it starts for
 * them. None of it is asynchronous: the order in which a workflow goes on is the same with and without it.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      execute: (input, next) => inTrace(traceparentIn(input.headers), () => next(input)),
      handleSignal: (input, next) => inTrace(traceparentIn(input.headers), () => next(input)),
      handleUpdate: (input, next) => inTrace(traceparentIn(input.headers), () => next(input)),
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
      startChildWorkflowExecution: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
    },
  ],
  internals: [
    {
      dispose: (input, next) => {
        disposeTraceContext()
        next(input)
      },
    },
  ],
})

/** What a caller's header says, if that can be read: anybody may write one. */
function traceparentIn(headers: Headers): string | null {
  const payload = headers[TRACE_HEADER]
  if (payload === undefined) return null
  try {
    const carried = defaultPayloadConverter.fromPayload<{ traceparent?: unknown } | null>(payload)
    return typeof carried?.traceparent === 'string' ? carried.traceparent : null
  } catch {
    return null
  }
}

function withTrace(headers: Headers): Headers {
  const traceparent = activeTraceparent()
  return traceparent === null
    ? headers
    : { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) }
}
