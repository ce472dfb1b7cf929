import { z } from 'zod'

/** Who speaks in an event: the economy, an agent (observed by the gateway), or a judge. */
export type EventSource = 'system' | 'agent' | 'judge'

export interface EventType<Schema extends z.ZodType = z.ZodType> {
  source: EventSource
  /** The newest `schema_version` this program writes and reads. */
  version: number
  /** When it happens and what it changes in the state that is rebuilt, for authors in other languages. */
  description: string
  data: Schema
}

/** Makes an event type of version 1; its data takes no other keys than these. */
export function eventType<Shape extends z.ZodRawShape>(
  source: EventSource,
  description: string,
  data: Shape,
): EventType<z.ZodObject<Shape, z.core.$strict>> {
  return { source, version: 1, description, data: z.strictObject(data) }
}
