import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { isRunning } from '../../setup/process-identity.mjs'

const identity = z.object({ pid: z.number().int().positive(), birth: z.string() })

const stackProcess = identity.extend({ name: z.string(), log: z.string() })

const stackState = z.object({
  startedAt: z.string(),
  supervisor: identity,
  temporal: z.string(),
  temporalUi: z.string().nullable(),
  temporalNamespace: z.string(),
  postgres: z.string(),
  nats: z.string(),
  processes: z.array(stackProcess),
})

/** What a running stack tells about itself: addresses (with their passwords), processes, logs. */
export type StackState = z.infer<typeof stackState>

/** The folder a stack keeps everything in: `given`, else BOURSE_HOME, else `.bourse` in the checkout. */
export function stackHome(given?: string, env: Record<string, string | undefined> = process.env): string {
  const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  return resolve(given || env.BOURSE_HOME || join(checkout, '.bourse'))
}

/** Where the stack in `home` writes its state. */
export function stateFile(home: string): string {
  return join(home, 'state.json')
}

/** Whoever holds this lock is the supervisor of the stack in `home`. */
export function supervisorLock(home: string): string {
  return join(home, 'supervisor.lock')
}

/** Where the supervisor of `home` keeps what it has started, from the first process on. */
export function processFile(home: string): string {
  return join(home, 'processes.json')
}

/** The processes last started in `home`, running or not. */
export function readStackProcesses(home: string): z.infer<typeof stackProcess>[] {
  try {
    return z
      .object({ processes: z.array(stackProcess) })
      .parse(JSON.parse(readFileSync(processFile(home), 'utf8'))).processes
  } catch {
    return []
  }
}

/** The state of the stack that is up in `home`, or undefined when none is (or is not up yet). */
export function readStackState(home: string): StackState | undefined {
  const state = parseState(home)
  return state && isRunning(state.supervisor) ? state : undefined
}

/** The environment in which Bourse's processes find the stack's servers. */
export function stackEnvironment(
  state: Pick<StackState, 'postgres' | 'nats' | 'temporal' | 'temporalNamespace'>,
): Record<string, string> {
  return {
    BOURSE_POSTGRES_URL: state.postgres,
    BOURSE_NATS_URL: state.nats,
    BOURSE_TEMPORAL_ADDRESS: state.temporal,
    BOURSE_TEMPORAL_NAMESPACE: state.temporalNamespace,
  }
}

function parseState(home: string): StackState | undefined {
  try {
    return stackState.parse(JSON.parse(readFileSync(stateFile(home), 'utf8')))
  } catch {
    return undefined
  }
}
