import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, refuse } from '../economy/refusal.ts'
import {
  PROGRAM_FILE_BYTES_MAX,
  PROGRAM_FILES_MAX,
  type Program,
  programProblem,
  readManifest,
} from './program.ts'

const MANIFEST = 'agent.json'

/**
 * Reads a program from a folder with an agent.json: the files it names, or all that lie in the folder itself. Links and
 * whatever else is no plain file are refused, so that nothing from elsewhere comes along.
 */
export function readProgramFolder(folder: string): Outcome<{ program: Program }> {
  const text = readPlainFile(folder, MANIFEST)
  if (!text.ok) return text
  const read = readManifest(Buffer.from(text.content).toString('utf8'))
  if (!read.ok) return read
  const { command, runtime, files: named } = read.manifest
  const names = named ?? filesIn(folder)
  if (names.length > PROGRAM_FILES_MAX) {
    return refuse('invalid_program', `${folder} has more than ${PROGRAM_FILES_MAX} files`, 'files')
  }
  const files = new Map<string, Uint8Array>()
  for (const name of names) {
    const file = readPlainFile(folder, name)
    if (!file.ok) return file
    files.set(name, file.content)
  }
  return programProblem({ files }) ?? { ok: true, program: { command, runtime, files } }
}

/** Everything in a folder but its folders and its manifest. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => !entry.isDirectory() && entry.name !== MANIFEST)
    .map(entry => entry.name)
    .toSorted()
}

function readPlainFile(folder: string, name: string): Outcome<{ content: Uint8Array }> {
  const path = join(folder, name)
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem =
      code === 'ENOENT' ? 'is not there' : code === 'ELOOP' ? 'is a link' : `cannot be read (${code})`
    return refuse('invalid_program', `${path} ${problem}`, name)
  }
  try {
    const status = fstatSync(file)
    if (!status.isFile()) return refuse('invalid_program', `${path} is not a plain file`, name)
    if (status.size > PROGRAM_FILE_BYTES_MAX) {
      return refuse('invalid_program', `${path} has more than ${PROGRAM_FILE_BYTES_MAX} bytes`, name)
    }
    return { ok: true, content: readFileSync(file) }
  } finally {
    closeSync(file)
  }
}
