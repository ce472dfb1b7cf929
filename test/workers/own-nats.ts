import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SERVERS } from '../../setup/servers.mjs'
import { type Duty, stackEnvironment } from '../../shared/config/stack-state.ts'
import { prepareHome } from '../../workers/stack/home.ts'
import { obtainServer } from '../../workers/stack/ladder.ts'
import { natsUrl } from '../../workers/stack/nats.ts'
import { startPart, waitUntilReady } from '../../workers/stack/part.ts'
import { choosePorts } from '../../workers/stack/ports.ts'
import { stackSecrets } from '../../workers/stack/secrets.ts'
import { identityOf, natsServer } from '../../workers/stack/stack-servers.ts'
import { PATIENCE_MS } from '../patience.ts'

/**
 * A NATS of its own for a test that kills processes which share their work: on the stack's, another test's request might
 * be with the one that is killed. `environmentOf` tells a process of Bourse to use it with this database, on a task queue
 * that nobody serves.
 */
export async function startOwnNats(postgresUrl: string) {
  const home = mkdtempSync(join(tmpdir(), 'bourse-nats-'))
  prepareHome(home)
  const place = { home, ports: await choosePorts({}, {}), secrets: stackSecrets(home) }
  const server = natsServer(place, await natsBinary())
  const part = startPart(await server.prepare())
  await waitUntilReady(part, () => server.isReady(part), PATIENCE_MS)
  const addresses = {
    postgres: postgresUrl,
    nats: natsUrl(place.ports.nats, 'bourse', place.secrets.nats),
    identity: identityOf(place),
    temporal: process.env.BOURSE_TEMPORAL_ADDRESS ?? '',
    temporalNamespace: process.env.BOURSE_TEMPORAL_NAMESPACE ?? 'default',
  }
  return {
    environmentOf: (duties: readonly Duty[] = []): Record<string, string> => ({
      ...stackEnvironment(addresses, duties),
      BOURSE_TASK_QUEUE: basename(home),
    }),
    async stop() {
      const exited = once(part.child, 'exit')
      part.child.kill('SIGKILL')
      await exited
      rmSync(home, { recursive: true })
    },
  }
}

/** The NATS server that the stack runs as well. */
export async function natsBinary(): Promise<string> {
  const env = { ...process.env, BOURSE_NATS_URL: undefined }
  const found = await obtainServer(SERVERS.nats, { env, onProgress: () => {} })
  if (found.kind === 'address') throw new Error('needs a NATS of its own')
  return found.path
}

/** Starts one of Bourse's processes in this environment, and returns it once it is ready. */
export async function startProcess(
  name: 'gateway' | 'identity',
  environment: Record<string, string>,
): Promise<ChildProcess> {
  const script = fileURLToPath(new URL(`../../workers/${name}.ts`, import.meta.url))
  const { PATH, HOME } = process.env
  const started = fork(script, {
    env: { PATH, HOME, BOURSE_LOG_LEVEL: 'fatal', ...environment },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await Promise.race([
    once(started, 'message'),
    once(started, 'exit').then(([code]) => Promise.reject(new Error(`the ${name} ended with ${code}`))),
  ])
  return started
}

/** Ends a process in this way, if it runs, and waits until it is gone. */
export async function endProcess(started: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return
  const exited = once(started, 'exit')
  started.kill(signal)
  await exited
}
