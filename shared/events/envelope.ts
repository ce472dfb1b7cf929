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

const wholeSchemas = new Map<EventName, z.ZodType<BourseEvent>>()

/** The schema of a whole event of this type, envelope and data. */
export function eventSchemaOf(name: EventName): z.ZodType<BourseEvent> {
  const known = wholeSchemas.get(name)
  if (known !== undefined) return known
  const { source, version, data } = eventTypes[name]
  const schema = envelopeSchema.extend({
    source: z.literal(source),
    type: z.literal(name),
    schema_version: z
      .int()
      .min(1)
      .max(version, `${name} is known up to ${version}`)
      .describe(`at most ${version}`),
    data,
  }) as unknown as z.ZodType<BourseEvent>
  wholeSchemas.set(name, schema)
  return schema
}

/** Reads an event from JSON text; what is wrong with it is an answer, never an exception. */
export function parseEvent(text: string): ParsedEvent {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { ok: false, problem: 'not JSON' }
  }
  const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined
  if (typeof type === 'string' && isEventName(type)) {
    const event = eventSchemaOf(type).safeParse(json)
    return event.success ? { ok: true, event: event.data } : { ok: false, problem: problemOf(event.error) }
  }
  const envelope = envelopeSchema.safeParse(json)
  if (!envelope.success) return { ok: false, problem: problemOf(envelope.error) }
  return { ok: false, problem: `type: unknown event type ${JSON.stringify(type)}` }
}

function problemOf(error: z.ZodError): string {
  const issue = error.issues[0]!
  const path = issue.path.join('.')
  return path ? `${path}: ${issue.message}` : issue.message
}

/** The subject an event is published on: `bourse.<market>.events.<source>.<type>.<agent or _>`. */
export function subjectOf(event: Pick<BourseEvent, 'market_id' | 'source' | 'type' | 'agent_id'>): string {
  return `bourse.${event.market_id}.events.${event.source}.${event.type}.${event.agent_id ?? '_'}`
}
