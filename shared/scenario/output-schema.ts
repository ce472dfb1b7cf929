import { z } from 'zod'

const NODES_MAX = 500

/** What an output must be: a part of JSON Schema without patterns and references, so that checking it is cheap. */
export interface OutputSchema {
  type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null' | undefined
  description?: string | undefined
  properties?: Record<string, OutputSchema> | undefined
  required?: string[] | undefined
  additionalProperties?: boolean | undefined
  items?: OutputSchema | undefined
  minItems?: number | undefined
  maxItems?: number | undefined
  minLength?: number | undefined
  maxLength?: number | undefined
  minimum?: number | undefined
  maximum?: number | undefined
  enum?: (string | number | boolean | null)[] | undefined
}

const count = z.number().int().min(0).max(1_000_000).optional()

const nodeSchema: z.ZodType<OutputSchema> = z
  .strictObject({
    type: z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']).optional(),
    description: z.string().max(1_000).optional(),
    properties: z.lazy(() => z.record(z.string().max(100), nodeSchema)).optional(),
    required: z.array(z.string().max(100)).max(100).optional(),
    additionalProperties: z.boolean().optional(),
    items: z.lazy(() => nodeSchema).optional(),
    minItems: count,
    maxItems: count,
    minLength: count,
    maxLength: count,
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    enum: z
      .array(z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]))
      .min(1)
      .max(100)
      .optional(),
  })
  .meta({ id: 'outputSchema', description: 'a part of JSON Schema, without patterns and references' })

/** The schema of an output, as agents get it with their task. */
export const outputSchemaSchema = nodeSchema.refine(
  schema => countNodes(schema) <= NODES_MAX,
  `has more than ${NODES_MAX} parts`,
)

function countNodes(schema: OutputSchema): number {
  const below = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])]
  return below.reduce((sum, part) => sum + countNodes(part), 1)
}
