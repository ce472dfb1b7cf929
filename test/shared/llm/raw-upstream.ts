import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach } from 'vitest'

/** Bytes to send, a pause in milliseconds, or what is done with the connection. */
export type Step = string | Buffer | number | ((socket: Socket) => void | Promise<void>)

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** An upstream that writes these bytes, HTTP or not, for each request that came in whole; it ends with the test. */
export async function rawUpstream(...steps: Step[]): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let received = ''
    socket.on('data', bytes => {
      received += bytes.toString('latin1')
      const head = received.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? Number.NaN)
      if (head === -1 || received.length < head + 4 + length) return
      received = ''
      void play(socket, steps)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

async function play(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return
    if (typeof step === 'number') await delay(step)
    else if (typeof step === 'function') await step(socket)
    else socket.write(step)
  }
}

export const hangUp = (socket: Socket) => void socket.end()
export const reset = (socket: Socket) => void socket.resetAndDestroy()

/** Writes something again and again, until the connection is broken. */
export const forEver =
  (text: string, everyMs: number) =>
  async (socket: Socket): Promise<void> => {
    while (!socket.destroyed) {
      socket.write(text)
      await delay(everyMs)
    }
  }

/** An answer with headers of its own, its length told. */
export function answerOf(body: string, headers: readonly string[] = [], status = '200 OK'): string {
  const known = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...headers]
  return `HTTP/1.1 ${status}\r\n${known.join('\r\n')}\r\n\r\n${body}`
}

/** The head of a stream that ends with its connection. */
export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'

/** A chunk of a stream, as an event. */
export const chunkOf = (content: string, more: object = {}) => `data: ${chunkJson(content, more)}\n\n`

export const chunkJson = (content: string, more: object = {}) =>
  JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }], ...more })

export const LAST_CHUNK = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
export const DONE = 'data: [DONE]\n\n'
