import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The demo's agents by habit: each habit is a program in `agents/`, run as a process of its own. */
export const TRADERS: Record<string, { agents: string[]; credits: string }> = {
  bold: { agents: ['ada', 'boris'], credits: '900' },
  bundler: { agents: ['chen', 'dora'], credits: '500' },
  fickle: { agents: ['emil', 'fatou'], credits: '300' },
  frugal: { agents: ['gita', 'hugo'], credits: '120' },
  patient: { agents: ['ines', 'juno'], credits: '150' },
  spendthrift: { agents: ['kofi', 'lena'], credits: '260' },
}

const ROUNDS_MAX = 200

/** Starts every habit's program against a market; `stop` ends them and waits until they are gone. */
export function startTraders(
  market: string,
  home: string,
  environment: Record<string, string>,
): { stop: () => Promise<void> } {
  const children = Object.entries(TRADERS).map(([habit, { agents }]) =>
    startTrader(habit, [market, String(ROUNDS_MAX), ...agents], home, environment),
  )
  return {
    async stop() {
      await Promise.all(children.map(end))
    },
  }
}

function startTrader(
  habit: string,
  args: string[],
  home: string,
  environment: Record<string, string>,
): ChildProcess {
  const program = fileURLToPath(new URL(`../../agents/${habit}.ts`, import.meta.url))
  const log = openSync(join(home, 'logs', `agent-${habit}.log`), 'a', 0o600)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
