import { createConnection, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type NatsConnection } from 'nats'
import { loadEnvironment } from '../../../shared/config/environment.ts'
import { createPostgresIdentity } from '../../../shared/db/agents/postgres-identity.ts'
import type { Database } from '../../../shared/db/pool.ts'
import { inboxPrefix } from '../../../shared/rpc/subjects.ts'
import { PATIENCE_MS } from '../../patience.ts'

/** NATS's addresses, without anybody's password. */
export function natsServers(): string[] {
  return loadEnvironment(process.env).nats.servers
}

/** A new token of an agent; those it had end. */
export async function tokenOf(
  db: Database,
  marketId: string,
  agent: string,
  graceSeconds = 0,
): Promise<string> {
  const identity = createPostgresIdentity(db, async () => {})
  const issued = await identity.issueAgentToken({ marketId, agent, graceSeconds, actor: 'test' })
  if (!issued.ok) throw new Error(issued.error.message)
  return issued.token
}

/** Connects as an agent does: by its token, with its own inbox. */
export async function connectByToken(
  token: string,
  marketId: string,
  agent: string,
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  return await connect({
    servers: natsServers(),
    token,
    inboxPrefix: inboxPrefix(marketId, agent),
    reconnect: false,
    ...options,
  })
}

/** A connection that speaks NATS's protocol letter by letter, for what a client library would not send. */
export interface RawConnection {
  send(text: string | Uint8Array): void
  /** Resolves with what the server has said, once that matches. */
  heard(pattern: RegExp): Promise<string>
  readonly said: string
  readonly isClosed: boolean
  close(): void
}

export async function connectRaw(token: string): Promise<RawConnection> {
  const { hostname, port } = new URL(natsServers()[0]!)
  const socket: Socket = createConnection({ host: hostname, port: Number(port) })
  let said = ''
  let isClosed = false
  socket.on('data', chunk => {
    said += chunk.toString('latin1')
    if (chunk.includes('PING\r\n')) socket.write('PONG\r\n')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  const raw: RawConnection = {
    send: text => socket.write(text),
    async heard(pattern) {
      const giveUpAt = Date.now() + PATIENCE_MS
      while (!pattern.test(said)) {
        if (Date.now() > giveUpAt) throw new Error(`not heard: ${pattern}; but ${said}`)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
      return said
    },
    get said() {
      return said
    },
    get isClosed() {
      return isClosed
    },
    close: () => socket.destroy(),
  }
  await raw.heard(/^INFO /)
  raw.send(
    `CONNECT ${JSON.stringify({ auth_token: token, verbose: false, pedantic: false, headers: true, protocol: 1 })}\r\nPING\r\n`,
  )
  await raw.heard(/PONG|-ERR/)
  return raw
}
