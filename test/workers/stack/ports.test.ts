import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { choosePorts, fixedPorts, freePort, PORT_NAMES } from '../../../workers/stack/ports.ts'

const listening: Server[] = []

afterEach(() => {
  for (const server of listening.splice(0)) server.close()
})

async function takenPort(): Promise<number> {
  const server = createServer()
  listening.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

describe('the ports of a stack', () => {
  test('are all free and all different', async () => {
    const ports = await choosePorts({}, {})
    expect(new Set(Object.values(ports)).size).toBe(PORT_NAMES.length)
    for (const port of Object.values(ports)) expect(port).toBeGreaterThan(0)
  })

  test('are none that an outgoing connection may take before they are used', async () => {
    const outgoing = 32_768
    const ports = [...Object.values(await choosePorts({}, {})), await freePort('llm-proxy')]
    expect(ports.filter(port => port >= outgoing)).toEqual([])
  })

  test('are those of last time, except where another program has one now', async () => {
    const before = await choosePorts({}, {})
    const taken = await takenPort()
    const after = await choosePorts({}, { ...before, nats: taken })
    expect(after).toMatchObject({ postgres: before.postgres, temporal: before.temporal })
    expect(after.nats).not.toBe(taken)
  })

  test('fixed by the environment are taken as they are', async () => {
    const { nats } = await choosePorts({}, {})
    const fixed = fixedPorts({ BOURSE_NATS_PORT: String(nats) })
    expect(await choosePorts(fixed, {})).toMatchObject({ nats })
  })

  test('fixed and taken are refused, naming the variable and what to do', async () => {
    const port = await takenPort()
    await expect(choosePorts({ postgres: port }, {})).rejects.toMatchObject({
      part: 'postgres',
      message: expect.stringMatching(new RegExp(`Port ${port} \\(from BOURSE_POSTGRES_PORT\\) is taken`)),
    })
  })

  test.each(['0', '65536', 'many', '80.5'])('"%s" is no port', text => {
    expect(() => fixedPorts({ BOURSE_TEMPORAL_UI_PORT: text })).toThrow('BOURSE_TEMPORAL_UI_PORT')
  })
})
