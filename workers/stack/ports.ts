import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { writeFileAtomically } from './atomic-file.ts'
import { StackError } from './stack-error.ts'

export const PORT_NAMES = ['postgres', 'nats', 'temporal', 'temporalUi', 'llm'] as const
export type PortName = (typeof PORT_NAMES)[number]
export type Ports = Record<PortName, number>

export const PORT_VARIABLES: Record<PortName, string> = {
  postgres: 'BOURSE_POSTGRES_PORT',
  nats: 'BOURSE_NATS_PORT',
  temporal: 'BOURSE_TEMPORAL_PORT',
  temporalUi: 'BOURSE_TEMPORAL_UI_PORT',
  llm: 'BOURSE_LLM_PORT',
}

/**
 * Ports are chosen below those that systems take for outgoing connections (32768 and up on Linux, 49152 and up elsewhere):
 * such a connection may have one before its server listens.
 */
const CHOSEN_PORTS = { from: 10_000, to: 32_767 }
const CHOICES_MAX = 100

/** The ports that the environment fixes. Throws a StackError naming the variable that is not a port. */
export function fixedPorts(env: Record<string, string | undefined>): Partial<Ports> {
  const entries = PORT_NAMES.filter(name => env[PORT_VARIABLES[name]]).map(name => {
    const text = env[PORT_VARIABLES[name]] ?? ''
    const port = Number(text)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new StackError(name, `${PORT_VARIABLES[name]} is "${text}", which is not a port (1 to 65535).`)
    }
    return [name, port] as const
  })
  return Object.fromEntries(entries)
}

/**
 * Chooses a port for each name: the fixed one, else the one used last time when it is free, else a free one.
 * Throws a StackError when a fixed port is taken.
 */
export async function choosePorts(fixed: Partial<Ports>, remembered: Partial<Ports>): Promise<Ports> {
  const held: Server[] = []
  try {
    const chosen: Partial<Ports> = {}
    for (const name of PORT_NAMES) {
      const server =
        fixed[name] !== undefined
          ? await holdFixed(name, fixed[name])
          : ((await holdRemembered(remembered[name])) ?? (await holdFree()))
      if (!server) throw new StackError(name, 'This machine has no free port left on 127.0.0.1.')
      held.push(server)
      chosen[name] = portOf(server)
    }
    return chosen as Ports
  } finally {
    await Promise.all(held.map(server => new Promise(closed => server.close(closed))))
  }
}

/** The ports the stack in `home` used last time. */
export function rememberedPorts(home: string): Partial<Ports> {
  try {
    return JSON.parse(readFileSync(join(home, 'ports.json'), 'utf8'))
  } catch {
    return {}
  }
}

export function rememberPorts(home: string, ports: Ports): void {
  writeFileAtomically(join(home, 'ports.json'), `${JSON.stringify(ports)}\n`)
}

async function holdFixed(name: PortName, port: number): Promise<Server> {
  const server = await hold(port)
  if (server) return server
  throw new StackError(
    name,
    `Port ${port} (from ${PORT_VARIABLES[name]}) is taken by another program. ` +
      `End that program, or set ${PORT_VARIABLES[name]} to another port, or leave it unset for a free one.`,
  )
}

/** A port of 127.0.0.1 that is free now. Throws a StackError when none is. */
export async function freePort(partName: string): Promise<number> {
  const server = await holdFree()
  if (!server) throw new StackError(partName, 'This machine has no free port left on 127.0.0.1.')
  const port = portOf(server)
  await new Promise(closed => server.close(closed))
  return port
}

async function holdRemembered(port: number | undefined): Promise<Server | undefined> {
  return port === undefined ? undefined : await hold(port)
}

async function holdFree(): Promise<Server | undefined> {
  for (let choice = 0; choice < CHOICES_MAX; choice++) {
    const server = await hold(randomInt(CHOSEN_PORTS.from, CHOSEN_PORTS.to + 1))
    if (server) return server
  }
  return await hold(0)
}

/** Listens on the port of 127.0.0.1, 0 for any; undefined when it is taken or not allowed. */
function hold(port: number): Promise<Server | undefined> {
  const { promise, resolve } = Promise.withResolvers<Server | undefined>()
  const server = createServer()
  server.once('error', () => resolve(undefined))
  server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
  return promise
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
