import { z } from 'zod'
import { eventSchemaOf } from './envelope.ts'
import { type EventName, eventTypes } from './registry.ts'

const ABOUT =
  'Events of a market, as they stand on bourse.<market>.events.<source>.<type>.<agent_id or _> in the stream ' +
  'bourse-<market>. Read them in the order of seq, each once: a message whose seq is not above the last one read is a ' +
  'copy. Credits are decimal strings; keep them as whole millionths. docs/replay.md tells how to rebuild a market.'

/** JSON Schema (draft 2020-12) of every event, each under its type in `$defs`. */
export function eventSchemas(): object {
  const names = Object.keys(eventTypes).sort() as EventName[]
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Bourse event',
    description: ABOUT,
    oneOf: names.map(name => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(names.map(name => [name, bodyOf(name)])),
  }
}

/** JSON Schema (draft 2020-12) of one type of event, envelope and all. */
export function eventSchema(name: EventName): object {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...bodyOf(name) }
}

function bodyOf(name: EventName): object {
  const { $schema: _, ...schema } = z.toJSONSchema(eventSchemaOf(name))
  return { title: name, description: eventTypes[name].description, ...schema }
}
