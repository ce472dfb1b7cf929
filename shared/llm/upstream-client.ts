/** A request to an upstream. It is sent once, to this address and no other: redirects are not followed. */
export interface UpstreamRequest {
  upstream: string
  path: string
  headers: Record<string, string>
  body: string
  signal: AbortSignal
}

export interface UpstreamResponse {
  status: number
  contentType: string
  contentEncoding: string
  retryAfter: string | undefined
  body: AsyncIterable<Uint8Array>
}

/** It could not be connected in the time it has for that. */
export class ConnectTimeout extends Error {}

/**
 * Sends requests to upstreams. Rejects with ConnectTimeout, with the reason of an aborted signal, or with whatever broke the
 * connection; so does reading the body.
 */
export interface UpstreamClient {
  send(request: UpstreamRequest): Promise<UpstreamResponse>
  close(): Promise<void>
}
