import { chmodSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { ForwardedServer } from './sandbox.ts'

/** A program has at most so many connections to one server at once; more are closed as they come. */
const CONNECTIONS_MAX = 32

/**
 * Listens on a unix socket at `path` and joins each connection to `server`'s target, and to nothing else. What a
 * program holds open here ends with `close`.
 */
export async function forwardServer(
  server: ForwardedServer,
  path: string,
): Promise<{ close: () => Promise<void> }> {
  const open = new Set<Socket>()
  const listener: Server = createServer({ allowHalfOpen: true }, inside => {
    const outside = connect({ ...server.target, allowHalfOpen: true })
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroySoon()
      })
    }
    inside.pipe(outside)
    outside.pipe(inside)
  })
  listener.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(path, resolve)
  })
  listener.on('error', () => {})
  // The folder around it lets nobody in but the run's own user.
  chmodSync(path, 0o666)
  return {
    close: () =>
      new Promise(resolve => {
        listener.close(() => resolve())
        for (const one of open) one.destroy()
      }),
  }
}
