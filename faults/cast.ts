/** Who can be hit in a run: names only, known before anything is started. */
export interface Cast {
  servers: readonly string[]
  workers: readonly string[]
  gateways: readonly string[]
  /** Let agents into NATS by their tokens. */
  identities: readonly string[]
  collectors: readonly string[]
  /** Lines from somebody to a server, such as `worker-1>nats`. */
  lines: readonly string[]
  markets: readonly string[]
  agents: readonly string[]
}

export const SERVERS = ['postgres', 'nats', 'temporal'] as const
export type ServerName = (typeof SERVERS)[number]
/** Whoever acts from outside has lines of its own. */
export const LOAD = 'load'
const IDENTITY = 'identity'
const COLLECTOR = 'collector'
const GATEWAY_COUNT = 2
const AGENTS = ['ada', 'boris', 'chen', 'dora', 'emil', 'fatou', 'gita', 'hugo']

/** The cast of a run with so many market workers and markets; `run` keeps its markets apart from others'. */
export function castOf(run: string, workerCount: number, marketCount: number): Cast {
  const workers = numbered('worker', workerCount)
  const gateways = numbered('gateway', GATEWAY_COUNT)
  return {
    servers: SERVERS,
    workers,
    gateways,
    identities: [IDENTITY],
    collectors: [COLLECTOR],
    lines: [
      ...[...workers, ...gateways, IDENTITY].flatMap(one => SERVERS.map(server => lineName(one, server))),
      lineName(LOAD, 'postgres'),
      lineName(LOAD, 'temporal'),
      lineName(LOAD, 'nats'),
      lineName(COLLECTOR, 'nats'),
    ],
    markets: numbered(run, marketCount),
    agents: AGENTS,
  }
}

/** The name of the line by which `who` reaches a server. */
export function lineName(who: string, server: ServerName): string {
  return `${who}>${server}`
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${name}-${place + 1}`)
}
