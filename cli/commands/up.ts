import type { Command } from 'commander'
import { showProgress } from '../../setup/progress.mjs'
import { readStackState, type StackState, stackHome } from '../../shared/config/stack-state.ts'
import { withoutPassword } from '../show/without-password.ts'
import { type StackProcess, StackStartError, startStackProcess } from '../stack/stack-process.ts'

const EXIT_REFUSED = 1

interface UpOptions {
  home?: string
  detach?: boolean
  json?: boolean
}

/** `bourse up`: the local stack, in the foreground until Ctrl-C, or in the background with `--detach`. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('start the local stack: Postgres, NATS, Temporal and the workers')
    .option('--detach', 'leave it running in the background; `bourse down` ends it')
    .option('--home <dir>', 'the folder it keeps everything in (default: BOURSE_HOME or .bourse)')
    .option('--json', 'print the addresses as one JSON document')
    .action(async (options: UpOptions) => {
      process.exitCode = await up(options)
    })
}

/** Starts the stack and, unless detached, stays until it ends. Returns the exit code. */
export async function up({ home: givenHome, detach = false, json = false }: UpOptions): Promise<number> {
  const home = stackHome(givenHome)
  const running = readStackState(home)
  if (running) {
    say(running, home, json)
    process.stderr.write(`It was up already, as process ${running.supervisor.pid}; nothing was started.\n`)
    return detach ? 0 : EXIT_REFUSED
  }
  const asked = new AbortController()
  const end = () => {
    if (!asked.signal.aborted) process.stderr.write('\nending the stack\n')
    asked.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  // Who started this process is watched, but must not keep it alive.
  process.on('disconnect', end)
  process.channel?.unref()

  const progress = showProgress('starting the stack')
  try {
    const { state, ended } = await startStackProcess({
      home,
      detached: detach,
      onProgress: progress.update,
      signal: asked.signal,
    })
    progress.done('the stack is up')
    say(state, home, json)
    return detach ? 0 : await stay(ended)
  } catch (error) {
    progress.failed('the stack did not come up')
    if (!(error instanceof StackStartError)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT_REFUSED
  }
}

async function stay(ended: StackProcess['ended']): Promise<number> {
  process.stderr.write('Ctrl-C ends it.\n')
  const { code, failure } = await ended
  process.stderr.write(`${failure ?? 'the stack has ended'}\n`)
  return code
}

function say(state: StackState, home: string, json: boolean): void {
  const { temporal, temporalUi, postgres, nats, supervisor } = state
  if (json) {
    const pid = supervisor.pid
    process.stdout.write(`${JSON.stringify({ ok: true, home, pid, temporal, temporalUi, postgres, nats })}\n`)
    return
  }
  const shown = { postgres: withoutPassword(postgres), nats: withoutPassword(nats) }
  const rows = Object.entries({ 'temporal ui': temporalUi ?? '-', temporal, ...shown, home })
  process.stdout.write(rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}\n`).join(''))
}
