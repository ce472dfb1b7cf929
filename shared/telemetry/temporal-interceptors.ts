import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry-v2'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { TRACE_HEADER } from '../contracts/trace-header.ts'

/** Temporal's own tracing for a process: spans of its client's calls and of its activities. */
export interface TemporalInterceptors {
  client: { workflow: OpenTelemetryWorkflowClientInterceptor[] }
  activity: ActivityInterceptorsFactory[]
}

/** Makes them; an activity that nobody traces begins no trace. */
export function createTemporalInterceptors(): TemporalInterceptors {
  return {
    client: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
    activity: [
      activity => {
        const traced = new OpenTelemetryActivityInboundInterceptor(activity)
        return {
          inbound: {
            execute: (input, next) =>
              TRACE_HEADER in input.headers ? traced.execute(input, next) : next(input),
          },
          outbound: new OpenTelemetryActivityOutboundInterceptor(activity),
        }
      },
    ],
  }
}
