import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attemptsIn, readiness, runHostile, runProgram, whySkipped } from './run-program.ts'

const checkout = fileURLToPath(new URL('../../../', import.meta.url))
const canary = `canary-${randomUUID()}`
let outside: string
let listener: Server
let abstractListener: Server
let port: number

beforeAll(async () => {
  outside = mkdtempSync(join(tmpdir(), 'bourse-outside-'))
  writeFileSync(join(outside, 'secret'), canary, { mode: 0o666 })
  process.env.BOURSE_CANARY = canary
  const listening = (server: Server, at: object) =>
    new Promise<Server>(resolve => server.listen(at, () => resolve(server)))
  listener = await listening(
    createServer(socket => socket.end('hello')),
    { host: '0.0.0.0', port: 0 },
  )
  abstractListener = await listening(
    createServer(socket => socket.end('hello')),
    { path: `\0${canary}` },
  )
  port = (listener.address() as { port: number }).port
})
afterAll(() => {
  listener.close()
  abstractListener.close()
  rmSync(outside, { recursive: true, force: true })
  delete process.env.BOURSE_CANARY
})

/** Every attempt was contained, and no fewer of them than the program makes. */
function expectContained(run: Awaited<ReturnType<typeof runHostile>>, attempts: number): void {
  const { contained, escaped } = attemptsIn(run.out)
  expect(escaped).toEqual([])
  expect(contained.length, run.err).toBeGreaterThanOrEqual(attempts)
  expect(run).toMatchObject({ started: true, reason: 'finished', exitCode: 0 })
}

describe.skipIf(!readiness.ready)(`a hostile program${whySkipped}`, () => {
  it("finds none of the host's files, nor the project, nor what another run left", async () => {
    const other = runProgram(['sh', '-c', `echo ${canary} >/workspace/mine; sleep 5`])
    const run = await runHostile('read_host', [canary, outside, checkout, process.env.BOURSE_TEST_HOME!])
    expectContained(run, 37)
    await other
  })

  it('sees no process, variable, socket or descriptor but its own', async () => {
    const server = { name: 'echo', insidePort: 4222, target: { host: '127.0.0.1', port } }
    const documented = 'PATH,HOME,TMPDIR,LANG,PYTHONPATH,PYTHONDONTWRITEBYTECODE,PYTHONUNBUFFERED,NATS_URL'
    const run = await runHostile('see_others', [documented, String(process.pid), canary], {
      servers: [server],
      environment: { NATS_URL: 'nats://127.0.0.1:4222' },
    })
    expectContained(run, 100)
  })

  it('reaches no address but what is forwarded', async () => {
    const server = { name: 'echo', insidePort: 4222, target: { host: '127.0.0.1', port } }
    const run = await runHostile('reach_network', [String(port)], { servers: [server] })
    expectContained(run, 20)
    const forwarded = await runProgram(
      [
        'python3',
        '-c',
        'import socket; print(socket.create_connection(("127.0.0.1", 4222)).recv(9).decode())',
      ],
      { runtime: 'python', servers: [server] },
    )
    expect(forwarded).toMatchObject({ out: 'hello\n', exitCode: 0 })
  })

  it('writes nowhere but in its workspace, and becomes nobody else', async () => {
    const run = await runHostile('write_outside', [outside])
    expectContained(run, 45)
    expect(readdirSync(outside)).toEqual(['secret'])
  })

  it('makes no system call that leads out', async () => {
    expectContained(await runHostile('call_kernel'), 60)
  })
})
