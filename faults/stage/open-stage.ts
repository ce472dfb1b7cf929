import { setTimeout as delay } from 'node:timers/promises'
import { SERVERS as PINNED } from '../../setup/servers.mjs'
import { type Duty, stackEnvironment } from '../../shared/config/stack-state.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { endProcesses } from '../../workers/stack/end-processes.ts'
import { prepareHome } from '../../workers/stack/home.ts'
import { obtainServer } from '../../workers/stack/ladder.ts'
import { natsUrl } from '../../workers/stack/nats.ts'
import { choosePorts, freePort } from '../../workers/stack/ports.ts'
import { postgresUrl } from '../../workers/stack/postgres.ts'
import { stackSecrets } from '../../workers/stack/secrets.ts'
import {
  identityOf,
  natsServer,
  postgresServer,
  type ServerPlace,
  type StackServer,
  temporalServer,
} from '../../workers/stack/stack-servers.ts'
import { startGuardian } from '../../workers/stack/start-guardian.ts'
import { TEMPORAL_NAMESPACE } from '../../workers/stack/temporal.ts'
import { type Cast, lineName, SERVERS, type ServerName, UPSTREAM } from '../cast.ts'
import type { DefectName } from '../defects/defect-names.ts'
import { type Line, openLine } from './line.ts'
import { keepRunning, type ManagedPart } from './managed-part.ts'
import { processParts } from './process-parts.ts'
import { startUpstream } from './upstream.ts'
import { bundleWorkflows } from './workflow-bundle.ts'

/** Everything that runs under fire: each part is started again when it ends, each line can be broken. */
export interface Stage {
  home: string
  cast: Cast
  part(name: string): ManagedPart
  parts(): ManagedPart[]
  line(name: string): Line
  lines(): Line[]
  /** Where somebody reaches a server, an LLM proxy or the upstream: by his line if there is one; null: without lines. */
  portOf(who: string | null, whom: string): number
  /** The environment of somebody who reaches the servers by the lines there are for him; null: without lines. */
  environmentOf(who: string | null, duties?: readonly Duty[]): Record<string, string>
  /** Mends every line, thaws every process, and waits until every part is up. */
  heal(): Promise<void>
  close(): Promise<void>
}

export interface StageOptions {
  home: string
  cast: Cast
  duplicateWindowMs: number
  /** What is wrong on purpose, by market, so that the checks can be seen to see it. */
  defects?: Readonly<Record<string, DefectName>>
  onProgress: (text: string) => void
}

const UP_WAIT_MS_MAX = 300_000

/** Starts the servers, the workers and the collector in `home`; ready when all are. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { home, cast, duplicateWindowMs, defects = {}, onProgress } = options
  prepareHome(home)
  const secrets = stackSecrets(home)
  const ports = await choosePorts({}, {})
  const place: ServerPlace = { home, ports, secrets }
  const guardian = startGuardian(home)
  const parts = new Map<string, ManagedPart>()
  const lines = new Map<string, Line>()
  const upstream = await startUpstream()
  const listening = new Map([[UPSTREAM, upstream.port], ...SERVERS.map(name => [name, ports[name]] as const)])
  for (const name of cast.llmProxies) listening.set(name, await freePort(name))

  const publish = () => guardian.tell(recordsOf(parts))
  const start = (name: string, spec: Parameters<typeof keepRunning>[0]) =>
    parts.set(name, keepRunning(spec, publish, onProgress))

  const stage: Stage = {
    home,
    cast,
    part: name => found(parts, name),
    parts: () => [...parts.values()],
    line: name => found(lines, name),
    lines: () => [...lines.values()],
    portOf: (who, whom) =>
      (who === null ? undefined : lines.get(lineName(who, whom))?.port) ?? found(listening, whom),
    environmentOf(who, duties = []) {
      const reached = Object.fromEntries(SERVERS.map(server => [server, stage.portOf(who, server)]))
      return {
        ...addressesAt({ ...place, ports: { ...ports, ...reached } }, duties),
        BOURSE_NATS_DUPLICATE_WINDOW_MS: String(duplicateWindowMs),
      }
    },
    async heal() {
      for (const line of lines.values()) line.mend()
      for (const part of parts.values()) part.thaw()
      await untilUp(stage.parts())
    },
    async close() {
      for (const part of parts.values()) part.retire()
      for (const line of lines.values()) line.mend()
      for (const part of parts.values()) part.thaw()
      await endProcesses(recordsOf(parts))
      await Promise.all([...lines.values()].map(line => line.close()))
      await upstream.close()
      await guardian.dismiss()
    },
  }

  try {
    const bundling = bundleWorkflows(home)
    bundling.catch(() => {})
    const binaries = await obtainBinaries(onProgress)
    const servers = serversOf(place, binaries)
    for (const name of SERVERS) start(name, { name, ...managed(servers[name]) })
    await untilUp(stage.parts())
    await migrate(postgresUrl(ports.postgres, secrets.postgres))
    for (const name of cast.lines) {
      const port = stage.portOf(null, name.slice(name.indexOf('>') + 1))
      lines.set(name, await openLine({ host: '127.0.0.1', port }))
    }
    for (const spec of processParts({ ...stage, defects, workflows: await bundling })) start(spec.name, spec)
    await untilUp(stage.parts())
    return stage
  } catch (error) {
    await stage.close()
    throw error
  }
}

/** Waits until every part is up; throws when one is not in time. */
async function untilUp(parts: readonly ManagedPart[]): Promise<void> {
  const up = Promise.all(parts.map(part => part.whenUp()))
  const late = delay(UP_WAIT_MS_MAX, 'late' as const, { ref: false })
  if ((await Promise.race([up, late])) !== 'late') return
  const down = parts.filter(part => !part.isUp()).map(part => part.name)
  throw new Error(`not up within ${UP_WAIT_MS_MAX / 1000} s: ${down.join(', ')}`)
}

function managed(server: StackServer) {
  return {
    prepare: server.prepare,
    readiness: (part: Parameters<StackServer['isReady']>[0]) => () => server.isReady(part),
  }
}

function serversOf(
  place: ServerPlace,
  binaries: { nats: string; temporal: string },
): Record<ServerName, StackServer> {
  return {
    postgres: postgresServer(place),
    nats: natsServer(place, binaries.nats),
    temporal: temporalServer(place, binaries.temporal),
  }
}

/** Servers that this machine may kill: one at an address of somebody's own will not do. */
async function obtainBinaries(
  onProgress: (text: string) => void,
): Promise<{ nats: string; temporal: string }> {
  const env = { ...process.env, BOURSE_NATS_URL: undefined, BOURSE_TEMPORAL_ADDRESS: undefined }
  const options = { env, onProgress, signal: new AbortController().signal }
  const [nats, temporal] = await Promise.all([
    obtainServer(PINNED.nats, options),
    obtainServer(PINNED.temporal, options),
  ])
  if (nats.kind === 'address' || temporal.kind === 'address') throw new Error('needs servers of its own')
  return { nats: nats.path, temporal: temporal.path }
}

function addressesAt(place: ServerPlace, duties: readonly Duty[]): Record<string, string> {
  const { ports, secrets } = place
  const addresses = {
    postgres: postgresUrl(ports.postgres, secrets.postgres),
    nats: natsUrl(ports.nats, 'bourse', secrets.nats),
    temporal: `127.0.0.1:${ports.temporal}`,
    temporalNamespace: TEMPORAL_NAMESPACE,
    identity: identityOf(place),
  }
  return stackEnvironment(addresses, duties)
}

function recordsOf(parts: ReadonlyMap<string, ManagedPart>) {
  return [...parts.values()].map(part => part.record()).filter(record => record !== null)
}

function found<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name)
  if (one === undefined) throw new Error(`there is no ${name} here`)
  return one
}
