import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { isRunning } from '../../setup/process-identity.mjs'

const identity = z.object({ pid: z.number().int().positive(), birth: z.string() })

const stackProcess = identity.extend({
  name: z.string(),
  log: z.string(),
  /** Where it serves its metrics. */
  metrics: z.string().optional(),
})

const stackState = z.object({
  startedAt: z.string(),
  supervisor: identity,
  temporal: z.string(),
  temporalUi: z.string().nullable(),
  temporalNamespace: z.string(),
  /** What OpenAI's clients take as their base URL. */
  llm: z.string().nullable().default(null),
  postgres: z.string(),
  nats: z.string(),
  /** Further users of NATS, and the keys of agents' identity; null: a NATS of one's own. */
  identity: z
    .object({
      gateway: z.string(),
      auth: z.string(),
      system: z.string(),
      issuerSeed: z.string(),
      xkeySeed: z.string(),
    })
    // A stack that an older Bourse started does not tell them.
    .nullable()
    .default(null),
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

const stackEnd = z.object({ at: z.string(), message: z.string() })

/** How the stack in a home ended when nobody asked it to: when, and which part said what. */
export type StackEnd = z.infer<typeof stackEnd>

/** Where the supervisor of `home` leaves word of such an end. */
export function endFile(home: string): string {
  return join(home, 'ended.json')
}

/** How the last stack in `home` ended by itself; undefined when it was asked to, or none ever was up. */
export function readStackEnd(home: string): StackEnd | undefined {
  try {
    return stackEnd.parse(JSON.parse(readFileSync(endFile(home), 'utf8')))
  } catch {
    return undefined
  }
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

type Addresses = Pick<StackState, 'postgres' | 'nats' | 'temporal' | 'temporalNamespace' | 'identity'> &
  Partial<Pick<StackState, 'llm'>>

/** What some of Bourse's processes are for, and need credentials for that the others do not get. */
export type Duty = 'gateway' | 'identity' | 'operator'

/** The environment in which a process of Bourse with these duties finds the stack's servers. */
export function stackEnvironment(state: Addresses, duties: readonly Duty[] = []): Record<string, string> {
  const { identity } = state
  const granted = identity === null ? [] : duties.map(duty => dutyEnvironment(identity, duty))
  return Object.assign(
    {
      BOURSE_POSTGRES_URL: state.postgres,
      BOURSE_NATS_URL: state.nats,
      BOURSE_TEMPORAL_ADDRESS: state.temporal,
      BOURSE_TEMPORAL_NAMESPACE: state.temporalNamespace,
      ...(state.llm ? { BOURSE_LLM_PORT: new URL(state.llm).port } : {}),
    },
    ...granted,
  )
}

function dutyEnvironment(identity: NonNullable<StackState['identity']>, duty: Duty): Record<string, string> {
  switch (duty) {
    case 'gateway':
      return { BOURSE_NATS_GATEWAY_URL: identity.gateway }
    case 'operator':
      return { BOURSE_NATS_SYSTEM_URL: identity.system }
    case 'identity':
      return {
        BOURSE_NATS_AUTH_URL: identity.auth,
        BOURSE_NATS_SYSTEM_URL: identity.system,
        BOURSE_NATS_ISSUER_SEED: identity.issuerSeed,
        BOURSE_NATS_XKEY_SEED: identity.xkeySeed,
      }
  }
}

function parseState(home: string): StackState | undefined {
  try {
    return stackState.parse(JSON.parse(readFileSync(stateFile(home), 'utf8')))
  } catch {
    return undefined
  }
}
