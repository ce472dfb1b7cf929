import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readStackState } from '../../shared/config/stack-state.ts'
import { freePort } from '../../workers/stack/ports.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../shared/telemetry/otlp-receiver.ts'
import { endProcess } from '../workflows/traced-worker.ts'
import { root } from './markdown.ts'

interface Service {
  command?: string[]
  environment: Record<string, string>
  volumes?: string[]
}

const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
  services: Record<string, Service>
}
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const USUAL_COMMAND: string[] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!)

const started: ChildProcess[] = []
let receiver: OtlpReceiver | undefined
afterEach(async () => {
  await Promise.all(started.splice(0).map(child => endProcess(child)))
  await receiver?.close()
})

/** A service's own environment, its servers' names replaced by where the test has them, its files by the checkout's. */
function localEnvironment(service: Service, local: Record<string, string>): Record<string, string> {
  const mounts = (service.volumes ?? []).map(mount => mount.split(':') as [string, string])
  return Object.fromEntries(
    Object.entries(service.environment).map(([name, value]) => {
      const mount = mounts.find(([, target]) => target === value)
      return [name, local[name] ?? (mount === undefined ? value : join(root, mount[0]))]
    }),
  )
}

/** `ready` once the process says so, or how it ended. */
async function readyOrEnded(child: ChildProcess): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  child.on('message', message => {
    if (message === 'ready') resolve(message)
  })
  child.on('exit', (code, signal) => resolve({ code, signal }))
  return await promise
}

test.each(['worker', 'llm-proxy', 'gateway'])(
  'starts the process of %s from its environment in Compose, against local servers',
  async name => {
    receiver = await startOtlpReceiver()
    const service = services[name]!
    const metricsPort = String(await freePort(name))
    const { BOURSE_POSTGRES_URL, BOURSE_NATS_URL, BOURSE_TEMPORAL_ADDRESS } = process.env
    const { identity } = readStackState(process.env.BOURSE_TEST_HOME!)!
    const environment = localEnvironment(service, {
      BOURSE_POSTGRES_URL: BOURSE_POSTGRES_URL!,
      BOURSE_NATS_URL: BOURSE_NATS_URL!,
      BOURSE_NATS_GATEWAY_URL: identity!.gateway,
      BOURSE_TEMPORAL_ADDRESS: BOURSE_TEMPORAL_ADDRESS!,
      BOURSE_METRICS_PORT: metricsPort,
      BOURSE_LLM_PORT: String(await freePort(name)),
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    })
    const [program, script] = service.command ?? USUAL_COMMAND
    expect(program).toBe('node')
    const child = fork(join(root, script!), {
      // Nothing of this machine's environment that a container would not have, and a queue that nobody else serves.
      env: {
        PATH: process.env.PATH,
        ...environment,
        BOURSE_TASK_QUEUE: `compose-${Date.now().toString(36)}`,
      },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    started.push(child)
    expect(await readyOrEnded(child)).toBe('ready')
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    expect(await metrics.text()).toContain('process_resident_memory_bytes')
  },
)
