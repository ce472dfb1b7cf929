import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readStackState, type StackState } from '../../shared/config/stack-state.ts'

const SUPERVISOR = fileURLToPath(new URL('../../workers/stack/main.ts', import.meta.url))

/** A stack that this process started. */
export interface StackProcess {
  state: StackState
  /** Asks the stack to end and waits until it has. Returns its exit code. */
  stop: () => Promise<number>
  /** Resolves when the stack has ended, with its exit code and what it said about a failure. */
  ended: Promise<{ code: number; failure?: string }>
}

/** A stack that did not come up. The message is for people. */
export class StackStartError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StackStartError'
  }
}

type Message = { progress?: string; ready?: true; failed?: string }

/**
 * Starts the local stack in `home` as a process of its own and waits until it is up.
 * Detached, it stays when this process ends; otherwise it ends with this process, however that comes about.
 * Throws a StackStartError when it does not come up; everything it had started has ended by then.
 */
export async function startStackProcess(options: {
  home: string
  detached?: boolean
  onProgress?: (text: string) => void
  /** Gives the start up; it then throws as soon as everything has ended. */
  signal?: AbortSignal
}): Promise<StackProcess> {
  const { home, detached = false, onProgress = () => {}, signal } = options
  const child = spawnSupervisor(home, detached)
  signal?.addEventListener('abort', () => child.kill('SIGTERM'))
  const ready = Promise.withResolvers<void>()
  let failure: string | undefined
  child.on('message', (message: Message) => {
    if (message.progress) onProgress(message.progress)
    if (message.failed) failure = message.failed
    if (message.ready) ready.resolve()
  })
  const ended = new Promise<{ code: number; failure?: string }>(resolve => {
    child.on('exit', (code, signal) =>
      resolve({
        code: code ?? 1,
        ...(signal ? { failure: `the supervisor was ended by ${signal}` } : {}),
        ...(failure ? { failure } : {}),
      }),
    )
  })
  const over = await Promise.race([ready.promise, ended])
  const state = readStackState(home)
  if (over || !state) {
    if (signal?.aborted) throw new StackStartError('The start was given up.')
    throw new StackStartError(over?.failure ?? (failure || 'The stack was ended before it was up.'))
  }
  if (detached) {
    child.disconnect()
    child.unref()
  }
  const stop = async () => {
    child.kill('SIGTERM')
    return (await ended).code
  }
  return { state, stop, ended }
}

// In a session of its own either way: a terminal's Ctrl-C reaches this process, which then ends the stack.
function spawnSupervisor(home: string, detached: boolean): ChildProcess {
  const log = openLog(home)
  const args = ['--disable-warning=ExperimentalWarning', SUPERVISOR, '--home', home]
  return spawn(process.execPath, detached ? [...args, '--detached'] : args, {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
}

function openLog(home: string): number {
  try {
    mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o711 })
    return openSync(join(home, 'logs', 'supervisor.log'), 'a', 0o600)
  } catch (error) {
    const problem = (error as Error).message
    throw new StackStartError(
      `${home} cannot hold a stack: ${problem}. Choose another folder with --home or BOURSE_HOME.`,
    )
  }
}
