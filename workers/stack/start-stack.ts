import { tryLock } from '../../setup/lock.mjs'
import { ownIdentity } from '../../setup/process-identity.mjs'
import { type FoundServer, SERVERS, type ServerPin } from '../../setup/servers.mjs'
import { workflowRetentionHours } from '../../shared/config/retention-environment.ts'
import {
  type StackState,
  stackEnvironment,
  stateFile,
  supervisorLock,
} from '../../shared/config/stack-state.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { endProcesses } from './end-processes.ts'
import { prepareHome, readLogFrom, removeOwnFiles } from './home.ts'
import { obtainServer } from './ladder.ts'
import { natsUrl } from './nats.ts'
import { endedMessage, type Part, type PartSpec, startPart, waitUntilReady } from './part.ts'
import {
  choosePorts,
  fixedPorts,
  freePort,
  type PortName,
  type Ports,
  rememberedPorts,
  rememberPorts,
} from './ports.ts'
import { postgresUrl } from './postgres.ts'
import { readRecords, writeRecords } from './process-record.ts'
import { stackSecrets } from './secrets.ts'
import { forgetStackEnd, recordStackEnd } from './stack-end.ts'
import { StackError } from './stack-error.ts'
import { identityOf, natsServer, postgresServer, type StackServer, temporalServer } from './stack-servers.ts'
import { LLM_PROXY } from './stack-workers.ts'
import { startGuardian } from './start-guardian.ts'
import { TEMPORAL_NAMESPACE } from './temporal.ts'
import { prepareWorker, type WorkerSpec, workerReadiness } from './worker-process.ts'

const SERVER_READY_WAIT_MS = 120_000
const WORKER_READY_WAIT_MS = 120_000
const PORT_ATTEMPTS_MAX = 5
const PORT_TAKEN = /address already in use|could not bind|port \d+ is already in use|can't set.*port/i

// The order of starting, and backwards of ending: workers first, the database last.
const RANKS = ['postgres', 'nats', 'temporal']

export interface StackOptions {
  home: string
  /** Brings the database to the newest schema. */
  migrate: (postgresUrl: string) => Promise<void>
  workers?: WorkerSpec[]
  onProgress?: (text: string) => void
  /** Gives up a start under way; what was started by then is ended. */
  signal?: AbortSignal
  env?: Record<string, string | undefined>
}

/** The part of a running stack that ended by itself, and what to tell about it. */
export interface PartFailure {
  part: string
  message: string
}

export interface Stack {
  state: StackState
  /** Ends every part, workers first. May be called at any time and more than once. */
  stop: () => Promise<void>
  /** Resolves, after all parts were ended, when one ended by itself; never otherwise. */
  failed: Promise<PartFailure>
}

/**
 * Brings up Postgres, NATS, Temporal and the workers with everything they keep below `home`, and does not return
 * before each is ready. What a killed predecessor left running in `home` is ended first.
 * Throws a StackError naming the part that failed, after ending whatever was started; also when a stack is
 * already up in `home`, which is left as it is.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { home } = options
  prepareHome(home)
  const lock = tryLock(supervisorLock(home))
  if (!lock.taken) {
    throw new StackError('stack', `A stack is already up in ${home} (process ${lock.holder.pid}).`)
  }
  try {
    await endLeftovers(home)
    return await startLocked(options, lock.release)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Ends what a supervisor that is gone left running in `home`. Returns how many processes it had recorded. */
export async function endLeftovers(home: string): Promise<number> {
  const records = readRecords(home)
  if (!records) return 0
  await endProcesses(records.processes)
  removeOwnFiles(home, records.supervisor)
  return records.processes.length
}

async function startLocked(options: StackOptions, releaseLock: () => void): Promise<Stack> {
  const { home, migrate, workers = [], onProgress = () => {}, signal, env = process.env } = options
  const parts: Part[] = []
  const guardian = startGuardian(home)
  const { promise: failed, resolve: resolveFailed } = Promise.withResolvers<PartFailure>()
  let ending: Promise<void> | undefined
  let up = false

  /** Where each worker serves its metrics. */
  const metricsUrls = new Map<string, string>()
  const publish = () => {
    const processes = parts.map(part => part.record)
    writeRecords(home, { supervisor: ownIdentity(), processes: [...guardian.records, ...processes] })
    guardian.tell(processes)
  }

  const stop = () => {
    ending ??= (async () => {
      // Ranks settle at the end only: servers start side by side.
      const records = parts.toSorted((a, b) => rank(a) - rank(b)).map(part => part.record)
      await endProcesses(records)
      removeOwnFiles(home, ownIdentity())
      await guardian.dismiss()
      releaseLock()
    })()
    return ending
  }

  const launch = (spec: PartSpec): Part => {
    if (ending || signal?.aborted) throw new StackError(spec.name, 'The start was given up.')
    const part = startPart(spec)
    parts.push(part)
    parts.sort((a, b) => rank(a) - rank(b))
    publish()
    void part.exit.then(async exit => {
      if (!up || ending) return
      const message = endedMessage(part, exit, 'while the stack was up')
      onProgress(`${part.name} has ended by itself; ending the rest`)
      recordStackEnd(home, message)
      await stop()
      resolveFailed({ part: part.name, message })
    })
    return part
  }

  const forget = (part: Part) => {
    parts.splice(parts.indexOf(part), 1)
    publish()
  }

  const onAbort = () => void stop()
  signal?.addEventListener('abort', onAbort)
  try {
    publish()
    const state = await bringUp()
    up = true
    const ended = parts.find(part => part.hasExited())
    if (ended) throw new StackError(ended.name, endedMessage(ended, await ended.exit, 'while starting'))
    writeFileAtomically(stateFile(home), `${JSON.stringify(state, null, 2)}\n`)
    forgetStackEnd(home)
    return { state, stop, failed }
  } catch (error) {
    if (!signal?.aborted) recordStackEnd(home, (error as Error).message)
    await stop()
    throw signal?.aborted ? new StackError('stack', 'The start was given up.') : error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }

  async function bringUp(): Promise<StackState> {
    const secrets = stackSecrets(home)
    const fixed = fixedPorts(env)
    const keepHours = workflowRetentionHours(env)
    const ports = await choosePorts(fixed, rememberedPorts(home))
    const found = await obtainBoth()

    const startServer = async (server: StackServer) => {
      for (let attempt = 1; ; attempt += 1) {
        const part = launch(await server.prepare())
        try {
          await waitUntilReady(part, () => server.isReady(part), SERVER_READY_WAIT_MS)
          onProgress(`${part.name} is up`)
          return
        } catch (error) {
          const log = readLogFrom(part.record.log, part.logFromByte)
          const retry = part.hasExited() && PORT_TAKEN.test(log) && attempt < PORT_ATTEMPTS_MAX && !ending
          if (!retry) throw error
          forget(part)
          await replacePorts(ports, server.ports, fixed)
        }
      }
    }

    const place = { home, ports, secrets }
    const { nats, temporal } = found
    await allOrFirstError([
      async () => {
        if (!env.BOURSE_POSTGRES_URL) await startServer(postgresServer(place))
      },
      async () => {
        if (nats.kind !== 'address') await startServer(natsServer(place, nats.path))
      },
      async () => {
        if (temporal.kind !== 'address') await startServer(temporalServer(place, temporal.path, keepHours))
      },
    ])
    rememberPorts(home, ports)

    const addresses = {
      postgres: env.BOURSE_POSTGRES_URL || postgresUrl(ports.postgres, secrets.postgres),
      nats: nats.kind === 'address' ? nats.address : natsUrl(ports.nats, 'bourse', secrets.nats),
      identity: nats.kind === 'address' ? null : identityOf(place),
      temporal: temporal.kind === 'address' ? temporal.address : `127.0.0.1:${ports.temporal}`,
      temporalUi:
        temporal.kind === 'address'
          ? (env.BOURSE_TEMPORAL_UI_URL ?? null)
          : `http://127.0.0.1:${ports.temporalUi}`,
      temporalNamespace: env.BOURSE_TEMPORAL_NAMESPACE || TEMPORAL_NAMESPACE,
      llm: workers.some(({ name }) => name === LLM_PROXY) ? `http://127.0.0.1:${ports.llm}/v1` : null,
    }
    await bringSchemaUp(addresses.postgres)
    await allOrFirstError(
      workers.map(worker => () => startWorker(worker, stackEnvironment(addresses, worker.duties))),
    )
    return {
      startedAt: new Date().toISOString(),
      supervisor: ownIdentity(),
      ...addresses,
      processes: parts.map(({ record: { name, pid, birth, log } }) => ({
        name,
        pid,
        birth,
        log,
        ...(metricsUrls.has(name) ? { metrics: metricsUrls.get(name) } : {}),
      })),
    }
  }

  // The first error ends everything at once, which makes the others fail; it is the one that counts.
  async function allOrFirstError(acts: (() => Promise<void>)[]): Promise<void> {
    let first: { error: unknown } | undefined
    const note = (error: unknown) => {
      first ??= { error }
      void stop()
    }
    await Promise.all(acts.map(act => act().catch(note)))
    if (first) throw first.error
  }

  async function obtainBoth(): Promise<{ nats: FoundServer; temporal: FoundServer }> {
    const oneFailed = new AbortController()
    const either = AbortSignal.any([oneFailed.signal, ...(signal ? [signal] : [])])
    const obtain = async (server: ServerPin) => {
      try {
        return await obtainServer(server, { env, onProgress, signal: either })
      } catch (error) {
        oneFailed.abort()
        throw error
      }
    }
    const [nats, temporal] = await Promise.allSettled([obtain(SERVERS.nats), obtain(SERVERS.temporal)])
    if (nats.status === 'fulfilled' && temporal.status === 'fulfilled') {
      return { nats: nats.value, temporal: temporal.value }
    }
    const reasons = [nats, temporal]
      .filter(outcome => outcome.status === 'rejected')
      .map(({ reason }) => reason)
    throw new StackError('servers', reasons.map(reason => reason.message).join('\n\n'))
  }

  async function bringSchemaUp(url: string): Promise<void> {
    try {
      await migrate(url)
    } catch (error) {
      throw new StackError('migrations', `The database could not be migrated: ${(error as Error).message}`)
    }
    onProgress('the database schema is up to date')
  }

  async function startWorker(worker: WorkerSpec, addresses: Record<string, string>): Promise<void> {
    const port = await freePort(worker.name)
    metricsUrls.set(worker.name, `http://127.0.0.1:${port}/metrics`)
    const metrics = { BOURSE_METRICS_HOST: '127.0.0.1', BOURSE_METRICS_PORT: String(port) }
    const part = launch(prepareWorker(home, worker, { ...addresses, ...metrics }))
    await waitUntilReady(part, workerReadiness(part), WORKER_READY_WAIT_MS)
    onProgress(`${part.name} is up`)
  }
}

function rank(part: Part): number {
  const position = RANKS.indexOf(part.name)
  return position === -1 ? RANKS.length : position
}

async function replacePorts(ports: Ports, names: PortName[], fixed: Partial<Ports>): Promise<void> {
  const onlyTheirs = Object.fromEntries(names.filter(name => fixed[name]).map(name => [name, fixed[name]]))
  const fresh = await choosePorts(onlyTheirs, {})
  for (const name of names) ports[name] = fresh[name]
}
