/** The bare baseline: a proxy in the same runtime that only passes bytes on. `pass-through.ts <upstream's base URL>`. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { Pool } from 'undici'

const CONNECTIONS = 512
const upstream = new URL(process.argv[2] ?? '')
const pool = new Pool(upstream.origin, { connections: CONNECTIONS })

const server = createServer(async (request, response) => {
  try {
    const { statusCode, headers, body } = await pool.request({
      method: 'POST',
      path: request.url ?? '/',
      headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
      body: request,
    })
    response.writeHead(statusCode, { 'content-type': String(headers['content-type']) })
    await pipeline(body, response)
  } catch {
    response.destroy()
  }
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })
})
process.once('disconnect', () => process.exit(0))
