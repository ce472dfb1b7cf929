import { z } from 'zod'
import { type EventData, type EventName, eventTypes, isEventName } from './registry.ts'

/** What every event says about itself; `data` is what its type says. */
export const envelopeSchema = z.strictObject({
  event_id: z.uuid().describe('a committed change has one id for ever; the Nats-Msg-Id of its message'),
  timestamp: z.iso
    .datetime()
    .describe('when it was committed, ISO 8601, UTC; never goes back as seq goes on'),
  source: z.enum(['system', 'agent', 'judge']),
  type: z.string(),
  schema_version: z.number().int().min(1),
  market_id: z.string(),
  scenario_id: z.string().optional().describe('the benchmark scenario that the market was made for'),
  agent_id: z.string().optional().describe('the agent it is about'),
  correlation_id: z.string().describe('what belongs together: a bid, a hold, a call, a cycle'),
  causation_id: z.uuid().optional().describe('the event that led to this one'),
  trace_id: z.string().optional().describe('W3C trace id'),
  epoch: z.number().int().min(1).describe('1, and one more each time a history was restored'),
  seq: z
    .number()
    .int()
    .min(1)
    .describe('its place in the market: from 1, without gaps, in the order of commits'),
  data: z.unknown(),
})

type Envelope = Omit<z.infer<typeof envelopeSchema>, 'type' | 'data'>

/** An event as it stands in the stream; `type` decides the shape of `data`. */
export type BourseEvent = { [Name in EventName]: Envelope & { type: Name; data: EventData<Name> } }[EventName]

export type ParsedEvent = { ok: true; event: BourseEvent } | { ok: false; problem: string }

/** Reads an event from JSON text; what is wrong with it is an answer, never an exception. */
export function parseEvent(text: string): ParsedEvent {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { ok: false, problem: 'not JSON' }
  }
  const envelope = envelopeSchema.safeParse(json)
  if (!envelope.success) return { ok: false, problem: problemOf(envelope.error) }
  const { type, source, schema_version: version } = envelope.data
  if (!isEventName(type)) return { ok: false, problem: `type: unknown event type ${JSON.stringify(type)}` }
  const known = eventTypes[type]
  if (source !== known.source) return { ok: false, problem: `source: ${type} comes from ${known.source}` }
  if (version > known.version)
    return { ok: false, problem: `schema_version: ${type} is known up to ${known.version}, not ${version}` }
  const data = known.data.safeParse(envelope.data.data)
  if (!data.success) return { ok: false, problem: problemOf(data.error, 'data') }
  return { ok: true, event: { ...envelope.data, type, data: data.data } as BourseEvent }
}

function problemOf(error: z.ZodError, prefix?: string): string {
  const issue = error.issues[0]!
  const path = [...(prefix ? [prefix] : []), ...issue.path].join('.')
  return path ? `${path}: ${issue.message}` : issue.message
}

/** The subject an event is published on: `bourse.<market>.events.<source>.<type>.<agent or _>`. */
export function subjectOf(event: Pick<BourseEvent, 'market_id' | 'source' | 'type' | 'agent_id'>): string {
  return `bourse.${event.market_id}.events.${event.source}.${event.type}.${event.agent_id ?? '_'}`
}
