import { z } from 'zod'
import { PLAIN_TEXT, PLAIN_TEXT_RULE } from '../economy/plain-text.ts'
import { COMMON_ERRORS, ERROR_CODES, type ErrorCode } from './error-codes.ts'
import { type OperationName, operations } from './operations.ts'

/** An operation as authors in any language need it. */
export interface OperationSchema {
  operation: OperationName
  description: string
  /** Where to ask; in place of `<market>` and `<agent>` stand the ids. */
  subject: string
  /** JSON Schema (draft 2020-12) of the request. */
  request: object
  /** JSON Schema of the reply: what was asked for, or a refusal. */
  reply: object
  /** Every code it may answer, and what it means. */
  errors: Partial<Record<ErrorCode, string>>
}

/** One operation's schema. */
export function schemaOf(operation: OperationName): OperationSchema {
  const { description, request, reply, errors } = operations[operation]
  const codes = [...errors, ...(Object.keys(COMMON_ERRORS) as ErrorCode[])]
  return {
    operation,
    description,
    subject: `bourse.<market>.agent.<agent>.rpc.${operation}`,
    request: z.toJSONSchema(request, { io: 'input', override: ({ jsonSchema }) => sayPattern(jsonSchema) }),
    reply: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      anyOf: [successSchema(reply), refusalSchema(codes)],
    },
    errors: Object.fromEntries(codes.map(code => [code, ERROR_CODES[code]])),
  }
}

/** Every operation's schema, in the order of the table. */
export function allSchemas(): OperationSchema[] {
  return (Object.keys(operations) as OperationName[]).map(schemaOf)
}

/** Not every language's regular expressions know Unicode's categories: such a pattern is said in words. */
function sayPattern(jsonSchema: z.core.JSONSchema.BaseSchema): void {
  if (jsonSchema.pattern !== PLAIN_TEXT.source) return
  delete jsonSchema.pattern
  jsonSchema.description = [jsonSchema.description, PLAIN_TEXT_RULE].filter(Boolean).join('; ')
}

/** Replies may get fields later: a client that does not know one passes over it. */
function successSchema(reply: z.ZodType): object {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(reply, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  }) as { $schema?: string; properties: object; required?: string[] }
  return {
    ...schema,
    properties: { ok: { const: true }, ...schema.properties },
    required: ['ok', ...(schema.required ?? [])],
  }
}

function refusalSchema(codes: readonly ErrorCode[]): object {
  return {
    type: 'object',
    properties: {
      ok: { const: false },
      error: {
        type: 'object',
        properties: {
          code: { enum: codes },
          message: { type: 'string', description: 'what is wrong, for people' },
          field: { type: 'string', description: 'where in the request' },
          required: { type: 'string', description: 'credits that would have been needed' },
          available: { type: 'string', description: 'credits that are available' },
        },
        required: ['code', 'message'],
      },
    },
    required: ['ok', 'error'],
  }
}
