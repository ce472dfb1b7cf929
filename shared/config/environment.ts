import { z } from 'zod'
import type { IdentityKeys } from '../bus/identity-keys.ts'
import { CONNECTIONS_OF_AGENTS_MAX, CONNECTIONS_PER_OWNER_MAX } from '../identity/connection-limits.ts'
import { type RetentionEnvironment, retentionOf, retentionVariables } from './retention-environment.ts'
import {
  type LogFormat,
  type TelemetryEnvironment,
  telemetryOf,
  telemetryVariables,
} from './telemetry-environment.ts'

export type { LogFormat, TelemetryEnvironment }

/** A NATS user's way to the servers, ready for the NATS client's `connect`. */
export interface NatsAddress {
  servers: string[]
  user?: string
  pass?: string
  tls?: { caFile: string }
}

/** What a Bourse process is told by its environment, read once at start. */
export interface BourseEnvironment {
  postgresUrl: string
  nats: NatsAddress & { duplicateWindowMs: number }
  /** NATS's system account, which closes connections of agents. Absent: they close when their token ends. */
  natsSystem?: NatsAddress
  /** A file of NATS credentials (.creds), for the client's `credsAuthenticator`. */
  natsCredentialsFile?: string
  temporal: {
    address: string
    namespace: string
    taskQueue: string
    apiKey?: string
    tls: boolean
  }
  /** Where the LLM proxy listens. */
  llm: { host: string; port: number }
  logLevel: LogLevel
  telemetry: TelemetryEnvironment
  retention: RetentionEnvironment
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Every problem of an environment at once; each names its variable. */
export class EnvironmentError extends Error {
  readonly problems: string[]

  constructor(problems: string[]) {
    super(`The environment is not usable:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
    this.name = 'EnvironmentError'
    this.problems = problems
  }
}

const missing = 'is not set; `npm start` sets it for the processes it starts'
const text = z.string({ error: issue => (issue.input === undefined ? missing : 'is not a text') }).trim()
const name = text.min(1, 'is empty')

const postgresUrl = text.refine(
  value => hasScheme(value, ['postgres:', 'postgresql:']),
  'is not a postgres://user:password@host:port/database address',
)

const natsUrls = text
  .transform(value => value.split(',').map(url => url.trim()))
  .refine(
    urls => urls.every(url => hasScheme(url, ['nats:', 'tls:'])),
    'is not a list of nats://user:password@host:port addresses separated by commas',
  )
  .refine(
    urls => new Set(urls.filter(url => URL.canParse(url)).map(credentialsIn)).size <= 1,
    'names several users; all its addresses must have the same user and password',
  )

const hostAndPort = text.regex(/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'is not a host:port address')
/** NATS takes no shorter window. */
const DUPLICATE_WINDOW_MS_MIN = 100
const DUPLICATE_WINDOW_MS_MAX = 3_600_000
const DUPLICATE_WINDOW_MS_DEFAULT = 120_000
const duplicateWindowMs = text
  .regex(/^\d{1,7}$/, 'is not a whole number of milliseconds')
  .transform(Number)
  .refine(
    ms => ms >= DUPLICATE_WINDOW_MS_MIN && ms <= DUPLICATE_WINDOW_MS_MAX,
    `is not from ${DUPLICATE_WINDOW_MS_MIN} to ${DUPLICATE_WINDOW_MS_MAX} milliseconds`,
  )
const port = z
  .string()
  .regex(/^\d{1,5}$/, 'is not a port')
  .transform(Number)
  .refine(value => value <= 65_535, 'is not a port')
const flag = z.enum(['true', 'false', '1', '0'], 'is neither true nor false')

const variables = z.object({
  BOURSE_POSTGRES_URL: postgresUrl,
  BOURSE_NATS_URL: natsUrls,
  BOURSE_NATS_CREDENTIALS_FILE: name.optional(),
  BOURSE_NATS_TLS_CA_FILE: name.optional(),
  BOURSE_NATS_DUPLICATE_WINDOW_MS: duplicateWindowMs.default(DUPLICATE_WINDOW_MS_DEFAULT),
  BOURSE_NATS_SYSTEM_URL: natsUrls.optional(),
  BOURSE_TEMPORAL_ADDRESS: hostAndPort,
  BOURSE_TEMPORAL_NAMESPACE: name.default('default'),
  BOURSE_TEMPORAL_API_KEY: name.optional(),
  BOURSE_TEMPORAL_TLS: flag.optional(),
  BOURSE_TASK_QUEUE: name.default('bourse'),
  BOURSE_LLM_HOST: name.default('127.0.0.1'),
  BOURSE_LLM_PORT: port.default(0),
  BOURSE_LOG_LEVEL: z.enum(LOG_LEVELS, `is not one of ${LOG_LEVELS.join(', ')}`).default('info'),
  ...telemetryVariables,
  ...retentionVariables,
})

const gatewayVariables = variables.extend({ BOURSE_NATS_GATEWAY_URL: natsUrls })

/** No more than agents have all together. */
const connectionsPerOwner = text
  .regex(/^\d{1,4}$/, 'is not a whole number of connections')
  .transform(Number)
  .refine(
    count => count >= 1 && count <= CONNECTIONS_OF_AGENTS_MAX,
    `is not from 1 to ${CONNECTIONS_OF_AGENTS_MAX} connections`,
  )

const identityVariables = variables.extend({
  BOURSE_NATS_AUTH_URL: natsUrls,
  BOURSE_NATS_SYSTEM_URL: natsUrls,
  BOURSE_NATS_ISSUER_SEED: text.regex(/^SA[A-Z2-7]{56}$/, 'is not the seed of a NATS account key (SA...)'),
  BOURSE_NATS_XKEY_SEED: text.regex(/^SX[A-Z2-7]{56}$/, 'is not the seed of a NATS curve key (SX...)'),
  BOURSE_CONNECTIONS_PER_OWNER: connectionsPerOwner.default(CONNECTIONS_PER_OWNER_MAX),
})

type Variables = Record<string, string | undefined>

/**
 * Reads Bourse's variables out of `env`. Throws an EnvironmentError that tells every problem at once.
 * A Temporal API key implies TLS unless BOURSE_TEMPORAL_TLS says otherwise.
 */
export function loadEnvironment(env: Variables): BourseEnvironment {
  return environmentOf(readVariables(variables, env))
}

/** The database alone, for a process that uses nothing else. Throws as above. */
export function loadPostgresUrl(env: Variables): string {
  return readVariables(variables.pick({ BOURSE_POSTGRES_URL: true }), env).BOURSE_POSTGRES_URL
}

/** What a gateway is told beside that: `natsGateway` answers agents and may do nothing else. Throws as above. */
export function loadGatewayEnvironment(env: Variables): BourseEnvironment & { natsGateway: NatsAddress } {
  const found = readVariables(gatewayVariables, env)
  return { ...environmentOf(found), natsGateway: natsAddress(found.BOURSE_NATS_GATEWAY_URL, found) }
}

/** What the process that says who an agent is is told beside that. Throws as above. */
export function loadIdentityEnvironment(env: Variables): BourseEnvironment & {
  natsAuth: NatsAddress
  natsSystem: NatsAddress
  keys: IdentityKeys
  /** What all agents of one owner may have open together. */
  connectionsPerOwner: number
} {
  const found = readVariables(identityVariables, env)
  return {
    ...environmentOf(found),
    natsAuth: natsAddress(found.BOURSE_NATS_AUTH_URL, found),
    natsSystem: natsAddress(found.BOURSE_NATS_SYSTEM_URL, found),
    connectionsPerOwner: found.BOURSE_CONNECTIONS_PER_OWNER,
    keys: { issuerSeed: found.BOURSE_NATS_ISSUER_SEED, xkeySeed: found.BOURSE_NATS_XKEY_SEED },
  }
}

function readVariables<Schema extends z.ZodType>(schema: Schema, env: Variables): z.infer<Schema> {
  const read = schema.safeParse(env)
  if (!read.success) {
    throw new EnvironmentError(read.error.issues.map(issue => `${String(issue.path[0])} ${issue.message}`))
  }
  return read.data
}

function environmentOf(found: z.infer<typeof variables>): BourseEnvironment {
  return {
    postgresUrl: found.BOURSE_POSTGRES_URL,
    nats: {
      ...natsAddress(found.BOURSE_NATS_URL, found),
      duplicateWindowMs: found.BOURSE_NATS_DUPLICATE_WINDOW_MS,
    },
    ...(found.BOURSE_NATS_SYSTEM_URL ? { natsSystem: natsAddress(found.BOURSE_NATS_SYSTEM_URL, found) } : {}),
    ...(found.BOURSE_NATS_CREDENTIALS_FILE
      ? { natsCredentialsFile: found.BOURSE_NATS_CREDENTIALS_FILE }
      : {}),
    temporal: {
      address: found.BOURSE_TEMPORAL_ADDRESS,
      namespace: found.BOURSE_TEMPORAL_NAMESPACE,
      taskQueue: found.BOURSE_TASK_QUEUE,
      ...(found.BOURSE_TEMPORAL_API_KEY ? { apiKey: found.BOURSE_TEMPORAL_API_KEY } : {}),
      tls: wantsTls(found.BOURSE_TEMPORAL_TLS, found.BOURSE_TEMPORAL_API_KEY),
    },
    llm: { host: found.BOURSE_LLM_HOST, port: found.BOURSE_LLM_PORT },
    logLevel: found.BOURSE_LOG_LEVEL,
    telemetry: telemetryOf(found),
    retention: retentionOf(found),
  }
}

function natsAddress(urls: string[], found: { BOURSE_NATS_TLS_CA_FILE?: string | undefined }): NatsAddress {
  const caFile = found.BOURSE_NATS_TLS_CA_FILE
  return { ...natsOptions(urls), ...(caFile === undefined ? {} : { tls: { caFile } }) }
}

/**
 * The NATS client's options for addresses that may carry a user and a password, which the client
 * takes only as options of their own.
 */
export function natsOptions(urls: string[]): { servers: string[]; user?: string; pass?: string } {
  const parsed = urls.map(url => new URL(url))
  const withUser = parsed.find(url => url.username !== '')
  return {
    servers: parsed.map(url => `${url.protocol}//${url.host}`),
    ...(withUser
      ? { user: decodeURIComponent(withUser.username), pass: decodeURIComponent(withUser.password) }
      : {}),
  }
}

function wantsTls(tls: string | undefined, apiKey: string | undefined): boolean {
  return tls === undefined ? apiKey !== undefined : tls === 'true' || tls === '1'
}

function hasScheme(value: string, schemes: string[]): boolean {
  return URL.canParse(value) && schemes.includes(new URL(value).protocol) && new URL(value).host !== ''
}

function credentialsIn(url: string): string {
  const { username, password } = new URL(url)
  return `${username}:${password}`
}
