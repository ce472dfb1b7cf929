import { randomBytes } from 'node:crypto'

/** Where a run finds its mark, which it reads and removes before anything of the program is loaded. */
export const MARK_FILE = 'bourse-mark.json'
export const RUNNER_FILE = 'run-to-its-end.mjs'

/**
 * Runs a script of a workspace and says a mark when it came to its end: its whole text was run, or it called
 * `process.exit(0)` itself. A module that is tested cannot know the mark, so that it does not pass by ending the process,
 * or by swallowing what a test throws.
 */
export const RUNNER = `
import { readFileSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const [write, toPath] = [writeSync, fileURLToPath]
const { mark, modules } = JSON.parse(readFileSync('${MARK_FILE}', 'utf8'))
rmSync('${MARK_FILE}')
const tested = modules.map(path => resolve(path))
const exit = process.exit
let isTold = false
function tell() {
  if (!isTold) write(1, '\\n' + mark + '\\n')
  isTold = true
}
/** The files that called, the nearest first; none when somebody keeps them from being known. */
function callers() {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 100
    Error.prepareStackTrace = (_, sites) => sites
    const sites = new Error().stack
    return sites.flatMap(site => {
      const file = site.getFileName()
      return typeof file === 'string' && file.startsWith('file:') ? [toPath(file)] : []
    })
  } catch {
    return []
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}
process.exit = code => {
  const files = callers().filter(file => !file.endsWith('/${RUNNER_FILE}'))
  const isOwn = files.length > 0 && !files.some(file => tested.includes(file))
  if (isOwn && Number(code ?? process.exitCode ?? 0) === 0) tell()
  return exit.call(process, code)
}
const script = resolve(process.argv[2])
process.argv.splice(1, 2, script)
await import(pathToFileURL(script).href)
tell()
`

/** A mark that nobody can guess. */
export function makeMark(): string {
  return randomBytes(16).toString('hex')
}

/** The command that runs a script to its end, when it is such a command: `node` and a script. Null: another one. */
export function provenCommand(command: readonly string[]): string[] | null {
  const [program, script = '', ...rest] = command
  if (program !== 'node' || !/\.m?js$/.test(script) || script.startsWith('-')) return null
  return ['node', `/program/${RUNNER_FILE}`, script, ...rest]
}

/** What was printed before the mark; null: the mark is not its last line. */
export function printedBefore(mark: string, printed: string): string | null {
  const lines = printed.trimEnd().split('\n')
  return lines.pop() === mark ? lines.join('\n').trimEnd() : null
}
