import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type IdentityKeys, publicKeysOf } from '../../shared/bus/identity-keys.ts'
import { GATEWAY_PERMISSIONS } from '../../shared/identity/permissions.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { logFile } from './home.ts'
import type { PartSpec } from './part.ts'

const NAME = 'nats'
const ANSWER_WAIT_MS = 2_000
const STOP_WAIT_MS = 10_000

/** Users of the server by what they are for; agents come in by their tokens. */
export type NatsUser = 'bourse' | 'gateway' | 'auth' | 'system'

/** The address of the stack's NATS, user and password included. */
export function natsUrl(port: number, user: NatsUser, password: string): string {
  return `nats://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`
}

interface NatsSettings {
  port: number
  name: string
  storeDir: string
  passwords: Record<NatsUser, string>
  keys: IdentityKeys
}

/**
 * The configuration file's text. The name tells this server from another on the same port. Who is none of the four
 * users is asked about at the auth callout; limits that a token cannot carry hold for the whole server.
 */
export function natsConfiguration({ port, name, storeDir, passwords, keys }: NatsSettings): string {
  const { issuer, xkey } = publicKeysOf(keys)
  const user = (of: NatsUser) => `user: ${of}, password: ${JSON.stringify(passwords[of])}`
  const subjects = (list: readonly string[]) => `[${list.map(one => JSON.stringify(one)).join(', ')}]`
  return `${[
    `server_name: ${JSON.stringify(name)}`,
    `listen: "127.0.0.1:${port}"`,
    'max_payload: 1MB',
    'max_pending: 64MB',
    'max_connections: 2000',
    'max_subscriptions: 1000',
    'max_control_line: 4KB',
    'write_deadline: "5s"',
    'system_account: SYS',
    'accounts {',
    `  SYS { users: [{ ${user('system')} }] }`,
    `  AUTH { users: [{ ${user('auth')} }] }`,
    '  BOURSE {',
    '    jetstream: enabled',
    '    users: [',
    `      { ${user('bourse')} }`,
    `      { ${user('gateway')}, permissions {`,
    `          publish: { allow: ${subjects(GATEWAY_PERMISSIONS.publish)} }`,
    `          subscribe: { allow: ${subjects(GATEWAY_PERMISSIONS.subscribe)} } } }`,
    '    ]',
    '  }',
    '}',
    'authorization {',
    '  timeout: 5',
    `  auth_callout { issuer: ${issuer}, xkey: ${xkey}, account: AUTH, auth_users: [system, auth, bourse, gateway] }`,
    '}',
    `jetstream { store_dir: ${JSON.stringify(storeDir)}, max_memory_store: 256MB, max_file_store: 16GB }`,
  ].join('\n')}\n`
}

/** Writes the configuration and says how to start NATS with it. */
export function prepareNats(
  home: string,
  { binary, ...settings }: Omit<NatsSettings, 'storeDir'> & { binary: string },
): PartSpec {
  const folder = join(home, 'nats')
  const configuration = join(folder, 'nats.conf')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileAtomically(configuration, natsConfiguration({ ...settings, storeDir: folder }))
  return {
    name: NAME,
    command: binary,
    args: ['--config', configuration],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    cwd: folder,
    log: logFile(home, NAME),
    stopSignal: 'SIGTERM',
    stopWaitMs: STOP_WAIT_MS,
  }
}

/** True when the server of this name, with JetStream, answers on the port. */
export async function natsReady(port: number, name: string): Promise<boolean> {
  const info = await readInfo(port)
  return info.server_name === name && info.jetstream === true
}

// A NATS server introduces itself with one line, INFO and an object, to whoever connects.
function readInfo(port: number): Promise<{ server_name?: string; jetstream?: boolean }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ server_name?: string; jetstream?: boolean }>()
  const socket = connect({ host: '127.0.0.1', port })
  let received = ''
  socket.setTimeout(ANSWER_WAIT_MS, () => socket.destroy(new Error('no answer')))
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('closed')))
  socket.on('data', chunk => {
    received += chunk
    const line = /^INFO (\{.*\})/.exec(received)?.[1]
    if (!line) return
    resolve(JSON.parse(line))
    socket.destroy()
  })
  return promise
}
