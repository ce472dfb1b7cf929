import type { OutputSchema } from './output-schema.ts'

const PROBLEMS_MAX = 20
const DEPTH_MAX = 64

/** What keeps an output from being what its schema says, each with its path; none: it conforms. */
export function outputProblems(output: unknown, schema: OutputSchema): string[] {
  const problems: string[] = []
  judge(output, schema, '', 0, problems)
  return problems.slice(0, PROBLEMS_MAX)
}

function judge(value: unknown, schema: OutputSchema, path: string, depth: number, problems: string[]): void {
  const say = (problem: string) => problems.push(`${path || 'the output'} ${problem}`)
  if (problems.length >= PROBLEMS_MAX) return
  if (depth > DEPTH_MAX) return void say('is nested too deeply')
  if (schema.type !== undefined && !isOfType(value, schema.type))
    return void say(`is not of type ${schema.type}`)
  if (schema.enum !== undefined && !schema.enum.some(one => one === value))
    say('is none of the values allowed')
  if (typeof value === 'string')
    judgeSize([...value].length, schema.minLength, schema.maxLength, 'characters', say)
  if (typeof value === 'number') judgeSize(value, schema.minimum, schema.maximum, '', say)
  if (Array.isArray(value)) {
    judgeSize(value.length, schema.minItems, schema.maxItems, 'items', say)
    const { items } = schema
    if (items === undefined) return
    for (const [index, item] of value.entries()) judge(item, items, below(path, index), depth + 1, problems)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) say(`lacks ${JSON.stringify(key)}`)
  for (const [key, item] of Object.entries(value)) {
    const known = schema.properties !== undefined && Object.hasOwn(schema.properties, key)
    if (known) judge(item, schema.properties![key]!, below(path, key), depth + 1, problems)
    else if (schema.additionalProperties === false)
      say(`has ${JSON.stringify(key.slice(0, 100))}, which is not allowed`)
    if (problems.length >= PROBLEMS_MAX) return
  }
}

function below(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`
}

function isOfType(value: unknown, type: NonNullable<OutputSchema['type']>): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

function judgeSize(
  size: number,
  least: number | undefined,
  most: number | undefined,
  unit: string,
  say: (problem: string) => void,
): void {
  const counted = unit === '' ? `is ${size}` : `has ${size} ${unit}`
  if (least !== undefined && size < least) say(`${counted}; at least ${least} are asked for`)
  if (most !== undefined && size > most) say(`${counted}; at most ${most} are allowed`)
}
