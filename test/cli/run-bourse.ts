import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { runBourse as runCommandLine } from '../../cli/run-bourse.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface Ran {
  code: number | string | null | undefined
  stdout: string
  stderr: string
}

/** Runs the `bourse` command as a process of its own, with this environment over the test's own. */
export async function spawnBourse(
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string | undefined>; input?: string } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  // A command that ends without reading its input breaks the pipe.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await ended, stdout, stderr }
}

/** Runs a command that does not end by itself, and ends it once it has printed this; by default as Ctrl-C does. */
export async function interruptBourse(
  args: readonly string[],
  printed: string,
  signal: 'SIGINT' | 'SIGKILL' = 'SIGINT',
): Promise<Ran> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args])
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const stderr = text(child.stderr)
  let stdout = ''
  for await (const chunk of child.stdout) {
    stdout += chunk
    // Once: a second Ctrl-C ends a command on the spot.
    if (!child.killed && stdout.includes(printed)) child.kill(signal)
  }
  return { code: await ended, stdout, stderr: await stderr }
}

/** Runs the same command within the test's own process: starting one costs a second on a busy machine. */
export async function runBourse(args: readonly string[]): Promise<Ran> {
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation(chunk => {
      written[name] += chunk
      return true
    })
  }
  const codeBefore = process.exitCode
  try {
    await runCommandLine(args)
    return { code: process.exitCode, ...written }
  } finally {
    process.exitCode = codeBefore
    vi.restoreAllMocks()
  }
}

/** Runs a command with `--json` within the test's process and reads its one document. */
export async function bourseJson(
  args: readonly string[],
  // biome-ignore lint/suspicious/noExplicitAny: what a document holds is what the test asserts
): Promise<{ code: Ran['code']; document: any }> {
  const { code, stdout } = await runBourse([...args, '--json'])
  return { code, document: JSON.parse(stdout) }
}
