import type { EventData, EventName } from './registry.ts'

/**
 * An event about to be written with its change: everything but what its transaction gives it
 * (id, time, sequence number). `operation` is the id of the operation that makes it.
 */
export interface EventDraft {
  operation: string
  type: EventName
  data: EventData<EventName>
  agent: string | null
  correlationId: string
  traceparent: string | null
}

/** A draft whose payload is checked against its type at compile time. */
export function draftEvent<Name extends EventName>(
  operation: string,
  type: Name,
  data: EventData<Name>,
  context: { agent?: string; correlationId: string; traceparent?: string | null },
): EventDraft {
  return {
    operation,
    type,
    data,
    agent: context.agent ?? null,
    correlationId: context.correlationId,
    traceparent: context.traceparent ?? null,
  }
}
