import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { inboxPrefix, rpcSubject } from '../../shared/rpc/subjects.ts'
import { newComposeValues } from '../../workers/compose-values.ts'
import { natsReady } from '../../workers/stack/nats.ts'
import { freePort } from '../../workers/stack/ports.ts'
import { PATIENCE_MS } from '../patience.ts'
import { ownDatabase } from '../shared/db/own-database.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../shared/telemetry/otlp-receiver.ts'
import { connectByToken, tokenOf } from '../workers/identity/agent-door.ts'
import { endProcess, natsBinary } from '../workers/own-nats.ts'
import { openTestEconomy } from '../workflows/economy-client.ts'
import { root } from './markdown.ts'

interface Service {
  command?: string[]
  environment: Record<string, string>
  volumes?: string[]
}

const LOOK_INTERVAL_MS = 50
const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
  services: Record<string, Service>
}
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const USUAL_COMMAND: string[] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!)
const values = newComposeValues()
const home = mkdtempSync(join(tmpdir(), 'bourse-compose-'))
const { url } = await ownDatabase()

const started: ChildProcess[] = []
let nats: ChildProcess
let natsPort: number
let receiver: OtlpReceiver | undefined

beforeAll(async () => {
  natsPort = await freePort('nats')
  const monitor = await freePort('nats')
  // The store's folder cannot be given beside the file, which is otherwise as the container has it.
  const conf = readFileSync(join(root, 'docker/nats.conf'), 'utf8').replace('"/data"', JSON.stringify(home))
  writeFileSync(join(home, 'bourse.conf'), conf)
  const own = ['--addr', '127.0.0.1', '--port', `${natsPort}`, '--http_port', `${monitor}`]
  nats = spawn(await natsBinary(), ['--config', join(home, 'bourse.conf'), ...own], {
    env: filledIn(services.nats!.environment),
    stdio: 'ignore',
  })
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!(await natsReady(natsPort, 'bourse').catch(() => false))) {
    if (Date.now() > giveUpAt) throw new Error('docker/nats.conf does not bring up a server')
    await delay(LOOK_INTERVAL_MS)
  }
})

afterEach(async () => {
  await Promise.all(started.splice(0).map(child => endProcess(child, 'SIGTERM')))
  await receiver?.close()
})

afterAll(async () => {
  await endProcess(nats, 'SIGKILL')
  rmSync(home, { recursive: true })
})

/** Puts drawn values in place of `${NAME:?message}`, as Compose does. */
function filledIn(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, text]) => [
      name,
      text.replace(/\$\{([A-Z_]+):\?[^}]+\}/g, (_, value: string) => values[value]!),
    ]),
  )
}

/** A service's own environment, its servers' names replaced by where the test has them, its files by the checkout's. */
async function localEnvironment(name: string): Promise<Record<string, string>> {
  const service = services[name]!
  const mounts = (service.volumes ?? []).map(mount => mount.split(':') as [string, string])
  const local: Record<string, string> = {
    BOURSE_POSTGRES_URL: url,
    BOURSE_TEMPORAL_ADDRESS: process.env.BOURSE_TEMPORAL_ADDRESS!,
    BOURSE_METRICS_PORT: String(await freePort(name)),
    BOURSE_LLM_PORT: String(await freePort(name)),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver!.endpoint,
  }
  return Object.fromEntries(
    Object.entries(filledIn(service.environment)).map(([variable, value]) => {
      const mount = mounts.find(([, target]) => target === value)
      const here =
        mount === undefined ? value.replace('@nats:4222', `@127.0.0.1:${natsPort}`) : join(root, mount[0])
      return [variable, local[variable] ?? here]
    }),
  )
}

/** Starts a service's process, and returns its environment once it is ready. */
async function start(name: string): Promise<Record<string, string>> {
  const environment = await localEnvironment(name)
  const [program, script] = services[name]!.command ?? USUAL_COMMAND
  expect(program).toBe('node')
  const child = fork(join(root, script!), {
    // Nothing of this machine's environment that a container would not have, and a queue that nobody else serves.
    env: { PATH: process.env.PATH, ...environment, BOURSE_TASK_QUEUE: `compose-${process.pid}` },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  started.push(child)
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)))
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  child.on('message', message => {
    if (message === 'ready') resolve()
  })
  await Promise.race([ready, ended])
  return environment
}

test.each(['worker', 'llm-proxy', 'identity', 'gateway'])(
  'starts the process of %s from its environment in Compose, against local servers',
  async name => {
    receiver = await startOtlpReceiver()
    const { BOURSE_METRICS_PORT } = await start(name)
    const metrics = await fetch(`http://127.0.0.1:${BOURSE_METRICS_PORT}/metrics`)
    expect(await metrics.text()).toContain('process_resident_memory_bytes')
  },
)

test('lets agents in by their tokens, on the server of docker/nats.conf, and answers them', async () => {
  receiver = await startOtlpReceiver()
  const [, environment] = await Promise.all([start('identity'), start('gateway')])
  const economy = await openTestEconomy(environment)
  const marketId = await economy.createMarket('compose', {}, { ann: 10n })
  const token = await tokenOf(economy.db, marketId, 'ann')
  const connection = await connectByToken(token, marketId, 'ann', { servers: `127.0.0.1:${natsPort}` })
  const subject = rpcSubject(marketId, 'ann', 'economic.get_balance')
  const answer = await connection.request(subject, '{}', { timeout: PATIENCE_MS })
  expect(answer.json()).toMatchObject({ ok: true, balance: '10' })
  const others = connection.subscribe(`${inboxPrefix(marketId, 'bob')}.>`)
  await expect(others[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
  await connection.close()
  await economy.close()
})
