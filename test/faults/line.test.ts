import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Line, openLine } from '../../faults/stage/line.ts'

let echo: Server
let line: Line
const clients: Socket[] = []

beforeEach(async () => {
  echo = createServer(socket => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  line = await openLine({ host: '127.0.0.1', port: (echo.address() as { port: number }).port })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await line.close()
  echo.close()
})

async function call(): Promise<Socket> {
  const client = connect(line.port, '127.0.0.1')
  client.on('error', () => {})
  clients.push(client)
  await once(client, 'connect')
  return client
}

/** What comes back, as soon as it is as long as `length`. */
async function heard(client: Socket, length: number): Promise<string> {
  let text = ''
  while (text.length < length) text += String((await once(client, 'data'))[0])
  return text
}

describe('a line', () => {
  test('carries everything both ways, in order', async () => {
    const client = await call()
    const text = Array.from({ length: 50_000 }, (_, place) => place).join(',')
    client.write(text)
    expect(await heard(client, text.length)).toBe(text)
  })

  test('that is frozen carries nothing and keeps its connections; mended it carries what waited', async () => {
    const client = await call()
    line.freeze()
    client.write('waits')
    const answer = heard(client, 5)
    expect(await Promise.race([answer, delay(100, 'nothing')])).toBe('nothing')
    line.mend()
    expect(await answer).toBe('waits')
  })

  test('that is cut ends its connections and takes no new ones until it is mended', async () => {
    const client = await call()
    const closed = once(client, 'close')
    line.cut()
    await closed
    const refused = await call()
    await once(refused, 'close')
    line.mend()
    const next = await call()
    next.write('again')
    expect(await heard(next, 5)).toBe('again')
  })

  test('that is slow carries everything later, in order', async () => {
    const client = await call()
    line.delay(60)
    const from = performance.now()
    for (const word of ['one ', 'two ', 'three']) client.write(word)
    expect(await heard(client, 13)).toBe('one two three')
    // There and back.
    expect(performance.now() - from).toBeGreaterThanOrEqual(115)
  })

  test('that is throttled carries so much a second', async () => {
    const client = await call()
    line.throttle(20_000)
    const from = performance.now()
    client.write('x'.repeat(2_000))
    expect(await heard(client, 2_000)).toHaveLength(2_000)
    expect(performance.now() - from).toBeGreaterThanOrEqual(190)
  })
})
