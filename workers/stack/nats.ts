import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { writeFileAtomically } from './atomic-file.ts'
import { logFile } from './home.ts'
import type { PartSpec } from './part.ts'

const NAME = 'nats'
const USER = 'bourse'
const ANSWER_WAIT_MS = 2_000
const STOP_WAIT_MS = 10_000

/** The address of the stack's NATS, user and password included. */
export function natsUrl(port: number, password: string): string {
  return `nats://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}`
}

/** The configuration file's text. The name tells this server from another on the same port. */
export function natsConfiguration(options: {
  port: number
  password: string
  name: string
  storeDir: string
}): string {
  return `${[
    `server_name: ${JSON.stringify(options.name)}`,
    `listen: "127.0.0.1:${options.port}"`,
    'max_payload: 1MB',
    'max_pending: 64MB',
    'max_connections: 1000',
    'max_subscriptions: 10000',
    `authorization { user: "${USER}", password: ${JSON.stringify(options.password)} }`,
    `jetstream { store_dir: ${JSON.stringify(options.storeDir)}, max_memory_store: 256MB, max_file_store: 16GB }`,
  ].join('\n')}\n`
}

/** Writes the configuration and says how to start NATS with it. */
export function prepareNats(
  home: string,
  options: { binary: string; port: number; password: string; name: string },
): PartSpec {
  const folder = join(home, 'nats')
  const configuration = join(folder, 'nats.conf')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileAtomically(configuration, natsConfiguration({ ...options, storeDir: folder }))
  return {
    name: NAME,
    command: options.binary,
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
