import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP line to a server that can be cut, frozen, slowed and mended; TCP itself is left as it is. */
export interface Line {
  /** Where the line begins; it leads to the same server for as long as it stands. */
  port: number
  /** Ends every connection and refuses new ones. */
  cut(): void
  /** Lets nothing through in either direction, as if the other machine stood still; connections stay. */
  freeze(): void
  /** What is sent arrives this much later, in order. */
  delay(ms: number): void
  /** Lets so much through in a second, in each direction of each connection. */
  throttle(bytesPerSecond: number): void
  /** Lets everything through at once again, also what waited. */
  mend(): void
  close(): Promise<void>
}

type Weather =
  | { kind: 'clear' | 'cut' | 'frozen' }
  | { kind: 'slow'; delayMs: number; bytesPerSecond: number }

/** A direction that holds this much takes no more before some of it has gone. */
const WAITING_BYTES_MAX = 1_048_576

/** Opens a line to a port of this machine. */
export async function openLine(target: { host: string; port: number }): Promise<Line> {
  let weather: Weather = { kind: 'clear' }
  const sockets = new Set<Socket>()
  const directions = new Set<Direction>()

  const server = createServer(client => {
    if (weather.kind === 'cut') return client.destroy()
    const upstream = connect(target)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const direction = carry(from, to, () => weather)
      sockets.add(from)
      directions.add(direction)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        directions.delete(direction)
        direction.end()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const change = (next: Weather) => {
    weather = next
    for (const direction of directions) direction.move()
  }
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      change({ kind: 'cut' })
      endAll()
    },
    freeze: () => change({ kind: 'frozen' }),
    delay: ms => change({ kind: 'slow', delayMs: ms, bytesPerSecond: Number.POSITIVE_INFINITY }),
    throttle: bytesPerSecond => change({ kind: 'slow', delayMs: 0, bytesPerSecond }),
    mend: () => change({ kind: 'clear' }),
    async close() {
      endAll()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Direction {
  /** Lets go what may go now. */
  move(): void
  end(): void
}

/** Carries what one end sends to the other, in order, as the weather allows. */
function carry(from: Socket, to: Socket, weatherNow: () => Weather): Direction {
  const waiting: { chunk: Buffer; dueMs: number }[] = []
  let waitingBytes = 0
  let lastDueMs = 0
  let timer: NodeJS.Timeout | null = null

  function move() {
    if (timer) clearTimeout(timer)
    timer = null
    const weather = weatherNow()
    while (waiting.length > 0) {
      if (weather.kind === 'frozen') return
      const { chunk, dueMs } = waiting[0]!
      const waitMs = weather.kind === 'slow' ? dueMs - performance.now() : 0
      if (waitMs > 0) {
        timer = setTimeout(move, waitMs)
        return
      }
      waiting.shift()
      waitingBytes -= chunk.length
      if (!to.destroyed) to.write(chunk)
    }
    if (!to.writableNeedDrain) from.resume()
  }

  from.on('data', chunk => {
    const weather = weatherNow()
    const slow = weather.kind === 'slow' ? weather : null
    const takesMs = slow === null ? 0 : (chunk.length / slow.bytesPerSecond) * 1000
    lastDueMs = Math.max(performance.now() + (slow?.delayMs ?? 0), lastDueMs) + takesMs
    waiting.push({ chunk, dueMs: lastDueMs })
    waitingBytes += chunk.length
    if (waitingBytes >= WAITING_BYTES_MAX) from.pause()
    move()
  })
  to.on('drain', () => from.resume())

  return {
    move,
    end() {
      if (timer) clearTimeout(timer)
      const isOpen = weatherNow().kind === 'clear' || weatherNow().kind === 'slow'
      for (const { chunk } of waiting.splice(0)) if (isOpen && !to.destroyed) to.write(chunk)
      to.destroySoon()
    },
  }
}
