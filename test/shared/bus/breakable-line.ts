import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A line to a server that a test can freeze, thaw, cut and mend. */
export interface BreakableLine {
  /** The server's address by way of this line. */
  url: string
  /** What the client sends waits, as if the client's machine stood still. */
  freeze(): void
  thaw(): void
  /** Ends every connection and refuses new ones. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Opens a line to the server at `url`. */
export async function openBreakableLine(url: string): Promise<BreakableLine> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const clients = new Set<Socket>()
  let isCut = false
  let isFrozen = false

  const server = createServer(client => {
    if (isCut) return client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    sockets.add(client).add(upstream)
    clients.add(client)
    client.on('data', chunk => upstream.write(chunk))
    upstream.on('data', chunk => client.write(chunk))
    if (isFrozen) client.pause()
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        clients.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const line = new URL(url)
  line.port = String((server.address() as { port: number }).port)

  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: line.href,
    freeze() {
      isFrozen = true
      for (const client of clients) client.pause()
    },
    thaw() {
      isFrozen = false
      for (const client of clients) client.resume()
    },
    cut() {
      isCut = true
      endAll()
    },
    mend() {
      isCut = false
    },
    async close() {
      endAll()
      server.close()
      await once(server, 'close')
    },
  }
}
