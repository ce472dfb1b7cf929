import { Pool } from 'undici'
import type { LlmConfig } from '../llm/llm-config.ts'
import { ConnectTimeout, type UpstreamClient } from '../llm/upstream-client.ts'

const HEADERS_BYTES_MAX = 32_768
const KEEP_ALIVE_MS = 10_000

/**
 * HTTP to the upstreams of a configuration and to nowhere else, on connections that are kept: at most as many as an
 * upstream may have calls. undici follows no redirects unless told to, and its own times are off: an attempt's signal ends it.
 */
export function createUpstreamClient({ upstreams }: LlmConfig): UpstreamClient {
  const pools = new Map(
    upstreams.map(({ name, baseUrl, timeouts, maxConcurrentCalls }) => [
      name,
      {
        basePath: new URL(baseUrl).pathname.replace(/\/$/, ''),
        pool: new Pool(new URL(baseUrl).origin, {
          connections: maxConcurrentCalls,
          pipelining: 1,
          connect: { timeout: timeouts.connectMs },
          headersTimeout: 0,
          bodyTimeout: 0,
          maxHeaderSize: HEADERS_BYTES_MAX,
          keepAliveTimeout: KEEP_ALIVE_MS,
        }),
      },
    ]),
  )
  return {
    async send({ upstream, path, headers, body, signal }) {
      const known = pools.get(upstream)
      if (known === undefined) throw new Error(`there is no upstream ${upstream}`)
      try {
        const response = await known.pool.request({
          method: 'POST',
          path: `${known.basePath}${path}`,
          headers,
          body,
          signal,
        })
        return {
          status: response.statusCode,
          contentType: textOf(response.headers['content-type']),
          contentEncoding: textOf(response.headers['content-encoding']),
          retryAfter:
            response.headers['retry-after'] === undefined
              ? undefined
              : textOf(response.headers['retry-after']),
          body: response.body,
        }
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'UND_ERR_CONNECT_TIMEOUT') throw error
        throw new ConnectTimeout('no connection within its time')
      }
    },
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
    },
  }
}

function textOf(header: string | string[] | undefined): string {
  return Array.isArray(header) ? (header[0] ?? '') : (header ?? '')
}
