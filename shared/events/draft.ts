import type { EventData, EventName } from './registry.ts'

/**
 * An event about to be written with its change: everything but what its transaction gives it
 * (id, time, sequence number, scenario). `operation` is the id of the operation that makes it.
 */
export interface DraftOf<Name extends EventName> {
  operation: string
  type: Name
  data: EventData<Name>
  agent: string | null
  correlationId: string
  /** The id of the event that led to this one. */
  causationId: string | null
  traceparent: string | null
}

export type EventDraft = { [Name in EventName]: DraftOf<Name> }[EventName]

/** A draft whose payload is checked against its type at compile time. */
export function draftEvent<Name extends EventName>(
  operation: string,
  type: Name,
  data: EventData<Name>,
  context: { agent?: string; correlationId: string; causationId?: string; traceparent?: string | null },
): DraftOf<Name> {
  return {
    operation,
    type,
    data,
    agent: context.agent ?? null,
    correlationId: context.correlationId,
    causationId: context.causationId ?? null,
    traceparent: context.traceparent ?? null,
  }
}
