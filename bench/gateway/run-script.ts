import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Bench } from '../row.ts'

const run = promisify(execFile)

/** Runs a script beside this file in a process of its own and answers the numbers it printed. */
export async function runScript(
  { natsUrl }: Bench,
  script: string,
  args: readonly (string | number)[],
  signal?: AbortSignal,
): Promise<number[]> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const { stdout } = await run(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path, ...args.map(String)],
    { env: { ...process.env, BOURSE_NATS_URL: natsUrl }, ...(signal === undefined ? {} : { signal }) },
  )
  return stdout.trim().split(/\s+/).map(Number)
}
