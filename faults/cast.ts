/** Who can be hit in a run: names only, known before anything is started. */
export interface Cast {
  servers: readonly string[]
  workers: readonly string[]
  gateways: readonly string[]
  /** Let agents into NATS by their tokens. */
  identities: readonly string[]
  llmProxies: readonly string[]
  collectors: readonly string[]
  /** Lines from somebody to a server, such as `worker-1>nats`, or to another process. */
  lines: readonly string[]
  markets: readonly string[]
  agents: readonly string[]
}

export const SERVERS = ['postgres', 'nats', 'temporal'] as const
export type ServerName = (typeof SERVERS)[number]
/** Whoever acts from outside has lines of its own. */
export const LOAD = 'load'
/** Where models are asked: a provider stands outside, so that only the lines to it can be hit. */
export const UPSTREAM = 'upstream'
const IDENTITY = 'identity'
const COLLECTOR = 'collector'
const GATEWAY_COUNT = 2
const LLM_PROXY_COUNT = 2
const AGENTS = ['ada', 'boris', 'chen', 'dora', 'emil', 'fatou', 'gita', 'hugo']

/** The cast of a run with so many market workers and markets; `run` keeps its markets apart from others'. */
export function castOf(run: string, workerCount: number, marketCount: number): Cast {
  const workers = numbered('worker', workerCount)
  const gateways = numbered('gateway', GATEWAY_COUNT)
  const llmProxies = numbered('llm-proxy', LLM_PROXY_COUNT)
  return {
    servers: SERVERS,
    workers,
    gateways,
    identities: [IDENTITY],
    llmProxies,
    collectors: [COLLECTOR],
    lines: [
      ...[...workers, ...gateways, IDENTITY].flatMap(one => SERVERS.map(server => lineName(one, server))),
      lineName(LOAD, 'postgres'),
      lineName(LOAD, 'temporal'),
      lineName(LOAD, 'nats'),
      ...llmProxies.flatMap(one => [lineName(one, 'postgres'), lineName(one, UPSTREAM), lineName(LOAD, one)]),
      lineName(COLLECTOR, 'nats'),
    ],
    markets: numbered(run, marketCount),
    agents: AGENTS,
  }
}

/** The name of the line by which `who` reaches a server or another process. */
export function lineName(who: string, whom: string): string {
  return `${who}>${whom}`
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${name}-${place + 1}`)
}
