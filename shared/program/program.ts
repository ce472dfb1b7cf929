import { z } from 'zod'
import { type Outcome, refuse } from '../economy/refusal.ts'
import { RUNTIMES, type Runtime } from './runtime.ts'

export const PROGRAM_FILES_MAX = 64
export const PROGRAM_FILE_BYTES_MAX = 1024 * 1024
export const PROGRAM_BYTES_MAX = 4 * 1024 * 1024
/** A program lies in one folder; its files have names, no paths. */
export const FILE_NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/
const FILE_NAME_RULE =
  'must be the name of a file in this folder: 1 to 100 letters, digits, points, underscores and hyphens, not beginning with a point or hyphen'

/** What an agent runs on what it wins. */
export interface Program {
  command: string[]
  runtime: Runtime
  files: Map<string, Uint8Array>
}

/** What agent.json says of a program. */
export interface Manifest {
  command: string[]
  runtime: Runtime
  /** Null: every file of the folder. */
  files: string[] | null
}

const manifestSchema = z.strictObject({
  command: z
    .array(
      z
        .string()
        .min(1, 'is empty')
        .max(1_000, 'is longer than 1000 characters')
        .refine(word => !word.includes('\0'), 'has a NUL character'),
    )
    .min(1, 'must name a command and its arguments')
    .max(64, 'has more than 64 words'),
  runtime: z.enum(RUNTIMES, `must be one of ${RUNTIMES.join(', ')}`).optional(),
  files: z
    .array(z.string().regex(FILE_NAME_PATTERN, FILE_NAME_RULE))
    .max(PROGRAM_FILES_MAX, `names more than ${PROGRAM_FILES_MAX} files`)
    .refine(names => new Set(names).size === names.length, 'names a file twice')
    .optional(),
})

/** Reads the text of an agent.json, or refuses it with what is wrong and where. */
export function readManifest(text: string): Outcome<{ manifest: Manifest }> {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    return refuse('invalid_program', `agent.json: is not JSON: ${(error as Error).message}`, 'agent.json')
  }
  const read = manifestSchema.safeParse(content)
  if (!read.success) return refuse('invalid_program', problemOf(read.error), 'agent.json')
  const { command, runtime, files } = read.data
  const manifest = { command, runtime: runtime ?? runtimeOf(command[0]!), files: files ?? null }
  return { ok: true, manifest }
}

/** Refuses a program that is too large or has strange files, or answers null. */
export function programProblem({ files }: Pick<Program, 'files'>): Outcome<never> | null {
  if (files.size > PROGRAM_FILES_MAX) {
    return refuse('invalid_program', `the program has more than ${PROGRAM_FILES_MAX} files`, 'files')
  }
  let total = 0
  for (const [name, content] of files) {
    const where = `file ${JSON.stringify(name)}`
    if (!FILE_NAME_PATTERN.test(name)) {
      return refuse('invalid_program', `${where}: ${FILE_NAME_RULE}`, 'files')
    }
    if (content.length > PROGRAM_FILE_BYTES_MAX) {
      return refuse('invalid_program', `${where} has more than ${PROGRAM_FILE_BYTES_MAX} bytes`, 'files')
    }
    total += content.length
  }
  if (total <= PROGRAM_BYTES_MAX) return null
  return refuse('invalid_program', `the program's files have more than ${PROGRAM_BYTES_MAX} bytes`, 'files')
}

function runtimeOf(command: string): Runtime {
  if (command === 'node') return 'node'
  return /^python(3(\.\d+)?)?$/.test(command) ? 'python' : 'native'
}

function problemOf({ issues }: z.ZodError): string {
  const { code, path, message, ...issue } = issues[0]!
  if (code === 'unrecognized_keys') {
    const { keys } = issue as { keys: string[] }
    return `agent.json: ${JSON.stringify(keys[0])} is not known: allowed are command, runtime and files`
  }
  return `agent.json: ${path.length === 0 ? '' : `${path.join('.')}: `}${message}`
}
