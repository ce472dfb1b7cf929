import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** Starts a TypeScript file as a process of its own, with this one's environment. */
export function startProcess(script: URL, args: string[]): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs a TypeScript file as a process of its own and answers what it printed; throws when it failed. */
export async function runProcess(script: URL, args: string[]): Promise<string> {
  const child = startProcess(script, args)
  const [printed, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')])
  if (code !== 0) throw new Error(`${script.pathname} ended with ${code}`)
  return printed
}
