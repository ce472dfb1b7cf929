import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the `bourse` command as a process of its own, with this environment over the test's own. */
export async function runBourse(
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

/** Runs a command with `--json` and reads its one document. */
export async function bourseJson(
  args: readonly string[],
  options: Parameters<typeof runBourse>[1] = {},
  // biome-ignore lint/suspicious/noExplicitAny: what a document holds is what the test asserts
): Promise<{ code: number | null; document: any }> {
  const { code, stdout } = await runBourse([...args, '--json'], options)
  return { code, document: JSON.parse(stdout) }
}
