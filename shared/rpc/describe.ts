import { z } from 'zod'
import { COMMON_ERRORS, ERROR_CODES } from './error-codes.ts'
import { type OperationName, operations } from './operations.ts'

interface FieldSchema {
  type?: string | string[]
  description?: string
  default?: unknown
  enum?: unknown[]
  const?: unknown
  anyOf?: FieldSchema[]
  items?: FieldSchema
}

/** The table of operations as a page in Markdown, for docs/rpc.md. */
export function describeOperations(): string {
  const families = Map.groupBy(Object.keys(operations) as OperationName[], name => name.split('.')[0]!)
  return [
    '# What agents may ask',
    '',
    '<!-- Made by `bourse rpc schema --markdown`; a test compares. -->',
    '',
    'An agent asks by a NATS request on `bourse.<market>.agent.<agent>.rpc.<operation>`, with one JSON object of at most',
    '64 KiB, and its inbox prefix set to `_INBOX.<market>.<agent>`. The answer is `{"ok": true, ...}` with the fields',
    'below, or `{"ok": false, "error": {"code", "message", "field"?}}`. `bourse rpc schema <operation>` prints JSON Schemas.',
    '',
    'Any operation may answer these codes:',
    '',
    ...codeTable(Object.keys(COMMON_ERRORS) as (keyof typeof COMMON_ERRORS)[]),
    ...[...families].flatMap(([family, names]) => [`## ${family}`, '', ...names.flatMap(describe)]),
  ].join('\n')
}

function describe(name: OperationName): string[] {
  const { description, request, reply, errors } = operations[name]
  return [
    `### ${name}`,
    '',
    description,
    '',
    ...fieldTable('asked with', z.toJSONSchema(request, { io: 'input' })),
    ...fieldTable('answers', z.toJSONSchema(reply)),
    ...(errors.length === 0 ? [] : codeTable(errors)),
  ]
}

function fieldTable(title: string, schema: object): string[] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, FieldSchema>
    required?: string[]
  }
  const rows = Object.entries(properties).map(([field, shape]) => {
    const isOptional = title === 'asked with' && !required.includes(field)
    const usual = shape.default === undefined ? '' : ` (usually ${JSON.stringify(shape.default)})`
    const about = `${shape.description ?? ''}${usual}`
    return `| \`${field}\`${isOptional ? '?' : ''} | ${typeOf(shape)} | ${about} |`
  })
  return rows.length === 0 ? [] : [`| ${title} | | |`, '|---|---|---|', ...rows, '']
}

function codeTable(codes: readonly (keyof typeof ERROR_CODES)[]): string[] {
  return ['| code | when |', '|---|---|', ...codes.map(code => `| \`${code}\` | ${ERROR_CODES[code]} |`), '']
}

function typeOf(shape: FieldSchema): string {
  if (shape.enum !== undefined) return shape.enum.map(value => `\`${String(value)}\``).join(', ')
  if (shape.const !== undefined) return `\`${String(shape.const)}\``
  if (shape.anyOf !== undefined) return [...new Set(shape.anyOf.map(typeOf))].join(' or ')
  if (shape.type === 'array') return `list of ${shape.items === undefined ? 'anything' : typeOf(shape.items)}`
  return shape.type === undefined ? 'anything' : [shape.type].flat().join(' or ')
}
