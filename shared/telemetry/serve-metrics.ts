import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { collectDefaultMetrics, type Registry } from 'prom-client'
import type { Logger } from './log.ts'

export interface MetricsServer {
  /** Where Prometheus finds them: `http://<host>:<port>/metrics`. */
  url: string
  close(): Promise<void>
}

export interface MetricsServerOptions {
  registry: Registry
  host: string
  /** 0: a free one. */
  port: number
  log: Logger
  /** Metrics in Prometheus's text form from elsewhere in this process, shown after the registry's own. */
  more?: () => Promise<string>
}

/** Serves a process's metrics, those of its runtime among them, at `/metrics`. Throws when the port is taken. */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { registry, host, port, log, more = async () => '' } = options
  collectDefaultMetrics({ register: registry })
  const server = createServer(async (request, response) => {
    const isAsked = request.method === 'GET' && request.url?.split('?')[0] === '/metrics'
    if (!isAsked) return void response.writeHead(404).end('ask for /metrics\n')
    try {
      const text = `${await registry.metrics()}${await more()}`
      response.writeHead(200, { 'content-type': registry.contentType }).end(text)
    } catch (error) {
      log.warn({ err: error }, 'metrics could not be gathered')
      response.writeHead(500).end('metrics could not be gathered; the log says why\n')
    }
  })
  await listen(server, host, port)
  const url = `http://${host}:${(server.address() as AddressInfo).port}/metrics`
  log.info({ url }, 'metrics are served')
  return {
    url,
    close: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', error =>
    reject(new Error(`BOURSE_METRICS_PORT: metrics cannot be served at ${host}:${port}: ${error.message}`)),
  )
  server.listen(port, host, resolve)
  await promise
}
