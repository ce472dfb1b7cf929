import { readFile } from 'node:fs/promises'
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
} from 'nats'

/** A connection to NATS with JetStream's management beside it. Close it with `close`. */
export interface Bus {
  connection: NatsConnection
  manager: JetStreamManager
  /** Within this time NATS itself drops a second message of the same id. */
  duplicateWindowMs: number
  close(): Promise<void>
}

export interface BusAddress {
  /** `nats://user:password@host:port`; several are one cluster. */
  servers: readonly string[]
  user?: string
  pass?: string
  tls?: { caFile: string }
  /** A file of NATS credentials (.creds). */
  credentialsFile?: string
  /** Under which answers to requests come; by default NATS's own. */
  inboxPrefix?: string
  /** Two minutes when absent, which is NATS's own default. */
  duplicateWindowMs?: number
}

const DUPLICATE_WINDOW_MS = 120_000
const CONNECT_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 5_000
const RECONNECT_WAIT_MS = 250
/** A server that stops answering is noticed after two of these. */
const PING_INTERVAL_MS = 10_000

/** NATS could not be reached or refused the connection. */
export class BusUnreachable extends Error {
  constructor(servers: readonly string[], cause: unknown) {
    const names = servers.map(withoutCredentials).join(', ')
    super(`NATS at ${names} cannot be used: ${(cause as Error).message}`, { cause })
    this.name = 'BusUnreachable'
  }
}

/**
 * Connects to NATS; `name` is what the server shows. A connection once made comes back by itself for ever.
 * Throws BusUnreachable when the first connection fails.
 */
export async function connectBus(address: BusAddress, name: string): Promise<Bus> {
  try {
    const connection = await connect(await optionsOf(address, name))
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
    const { duplicateWindowMs = DUPLICATE_WINDOW_MS } = address
    return { connection, manager, duplicateWindowMs, close: () => connection.close() }
  } catch (error) {
    throw new BusUnreachable(address.servers, error)
  }
}

/** True for what NATS or the way to it did; such an error may pass by itself. */
export function isBusError(error: unknown): error is NatsError {
  return error instanceof NatsError
}

async function optionsOf(address: BusAddress, name: string): Promise<ConnectionOptions> {
  const options: ConnectionOptions = {
    servers: address.servers.map(withoutCredentials),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    // A password changed while we were away must not end a connection for good.
    ignoreAuthErrorAbort: true,
  }
  const { user, pass } = credentialsOf(address)
  if (user !== undefined) options.user = user
  if (pass !== undefined) options.pass = pass
  if (address.inboxPrefix !== undefined) options.inboxPrefix = address.inboxPrefix
  if (address.tls) options.tls = { caFile: address.tls.caFile }
  if (address.credentialsFile !== undefined) {
    options.authenticator = credsAuthenticator(await readFile(address.credentialsFile))
  }
  return options
}

function credentialsOf(address: BusAddress): { user?: string; pass?: string } {
  if (address.user !== undefined) return address as { user: string; pass?: string }
  for (const server of address.servers) {
    const { username, password } = new URL(server)
    if (username) return { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  }
  return {}
}

function withoutCredentials(server: string): string {
  return server.replace(/\/\/[^@/]*@/, '//')
}
