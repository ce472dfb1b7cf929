import { z } from 'zod'
import { scenarioSchema } from './scenario.ts'

const DATA_KEY = '^data(\\.([A-Za-z0-9_-]{1,64}|\\*)){1,12}$'

/** JSON Schema (draft 2020-12) of a scenario's file. What parts have to do with one another it cannot say. */
export function scenarioJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, {
    io: 'input',
    override: ({ jsonSchema }) => nameDataKeys(jsonSchema),
  }) as Record<string, unknown>
  return {
    $schema,
    title: 'Bourse scenario',
    description: 'A benchmark scenario. docs/scenarios.md tells what every part means.',
    ...schema,
  }
}

/** A matcher takes beside its own keys only those that lead into the data of an event. */
function nameDataKeys(jsonSchema: z.core.JSONSchema.BaseSchema): void {
  if (jsonSchema.id !== 'matcher' && jsonSchema.properties?.occurrence === undefined) return
  if (typeof jsonSchema.additionalProperties !== 'object') return
  jsonSchema.patternProperties = { [DATA_KEY]: jsonSchema.additionalProperties }
  jsonSchema.additionalProperties = false
}
