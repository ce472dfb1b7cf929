import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Connection } from '@temporalio/client'
import { connect } from 'nats'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { birthOf, isRunning } from '../../../setup/process-identity.mjs'
import { natsOptions } from '../../../shared/config/environment.ts'
import {
  readStackEnd,
  readStackProcesses,
  readStackState,
  type StackState,
} from '../../../shared/config/stack-state.ts'
import { rememberedPorts } from '../../../workers/stack/ports.ts'
import { type Stack, type StackOptions, startStack } from '../../../workers/stack/start-stack.ts'
import { PATIENCE_MS } from '../../patience.ts'

const WORKER = fileURLToPath(new URL('./worker-fixture.ts', import.meta.url))
const SUPERVISOR = fileURLToPath(new URL('./supervisor-fixture.ts', import.meta.url))

let home: string
let stacks: Stack[]
let children: ChildProcess[]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bourse-stack-'))
  stacks = []
  children = []
})

afterEach(async () => {
  await Promise.all(stacks.map(stack => stack.stop()))
  for (const child of children) child.kill('SIGKILL')
  await allEnded(home)
  rmSync(home, { recursive: true, force: true })
})

/** The environment without the addresses of the servers that other tests share. */
function plainEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BOURSE_')))
}

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({ home, migrate: async () => {}, env: plainEnvironment(), ...options })
  stacks.push(stack)
  return stack
}

async function startSupervisor(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [SUPERVISOR, home], {
    env: plainEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  children.push(child)
  await once(child, 'message')
  return child
}

async function allEnded(folder: string, processes = readStackProcesses(folder)): Promise<void> {
  await vi.waitFor(() => expect(processes.filter(isRunning)).toEqual([]), { timeout: PATIENCE_MS })
}

async function query(state: StackState, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: state.postgres })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

function serverOf(state: StackState, name: string) {
  const found = state.processes.find(part => part.name === name)
  if (!found) throw new Error(`no ${name} in the state`)
  return found
}

describe('a local stack', () => {
  test('is up when it says so: every server answers, keeps to loopback and asks for its password', async () => {
    const migrated: string[] = []
    const { state } = await start({
      migrate: async url => {
        migrated.push(url)
      },
    })
    expect(migrated).toEqual([state.postgres])
    expect(await query(state, 'select current_database() as name')).toEqual([{ name: 'bourse' }])
    await expect(
      query({ ...state, postgres: state.postgres.replace(/:[^:@]+@/, ':wrong@') }, ''),
    ).rejects.toThrow('password authentication failed')

    const nats = await connect(natsOptions([state.nats]))
    expect(await nats.jetstreamManager()).toBeDefined()
    await nats.close()
    const { servers } = natsOptions([state.nats])
    await expect(connect({ servers })).rejects.toThrow()

    const connection = await Connection.connect({ address: state.temporal })
    const attributes = await connection.operatorService.listSearchAttributes({ namespace: 'default' })
    expect(Object.keys(attributes.customAttributes ?? {})).toEqual(
      expect.arrayContaining(['BourseMarket', 'BourseAgent', 'BourseCycle', 'BourseScenario']),
    )
    await connection.close()
    expect((await fetch(state.temporalUi ?? '')).ok).toBe(true)

    expect(readStackState(home)).toEqual(state)
    expect(statSync(join(home, 'state.json')).mode & 0o777).toBe(0o600)
    await stacks[0]?.stop()
    await allEnded(home, state.processes)
    expect(readStackState(home)).toBeUndefined()
    expect(existsSync(join(home, 'state.json'))).toBe(false)
  })

  test('started again finds the same data under the same addresses', async () => {
    const first = await start()
    await query(first.state, "create table kept (word text); insert into kept values ('here')")
    await first.stop()
    const second = await start()
    expect(await query(second.state, 'select word from kept')).toEqual([{ word: 'here' }])
    const { temporal, temporalUi, postgres, nats } = first.state
    expect(second.state).toMatchObject({ temporal, temporalUi, postgres, nats })
  })

  test('leaves another one alone, and refuses to be started twice in one home', async () => {
    const otherHome = join(home, 'other')
    const [one, other] = await Promise.all([start(), start({ home: otherHome })])
    expect(one.state.postgres).not.toBe(other.state.postgres)
    await expect(start()).rejects.toThrow(`A stack is already up in ${home} (process ${process.pid})`)
    expect(await query(one.state, 'select 1 as one')).toEqual([{ one: 1 }])
    await one.stop()
    expect(await query(other.state, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(readStackState(otherHome)).toEqual(other.state)
  })

  test('whose part ends by itself ends altogether, and says which it was and where its log is', async () => {
    const stack = await start()
    const nats = serverOf(stack.state, 'nats')
    process.kill(nats.pid, 'SIGKILL')
    const { part, message } = await stack.failed
    expect(part).toBe('nats')
    expect(message).toMatch(/nats was ended by SIGKILL while the stack was up/)
    expect(message).toContain(nats.log)
    await allEnded(home, stack.state.processes)
    expect(readStackEnd(home)).toMatchObject({ message, at: expect.any(String) })
  })

  test('ends the helpers of its workers too', async () => {
    const notes = join(home, 'notes.json')
    const env = { FIXTURE_NOTES: notes }
    const stack = await start({ workers: [{ name: 'fixture', script: WORKER, env }] })
    const noted = JSON.parse(readFileSync(notes, 'utf8'))
    expect(noted.postgres).toBe(stack.state.postgres)
    const helper = { pid: noted.helper, birth: birthOf(noted.helper) ?? '' }
    expect(isRunning(helper)).toBe(true)
    await stack.stop()
    await vi.waitFor(() => expect(isRunning(helper)).toBe(false), { timeout: PATIENCE_MS })
  })

  test('whose worker fails at the start leaves nothing behind and repeats its last words', async () => {
    const worker = { name: 'fixture', script: WORKER, env: { FIXTURE_FAILS: '1' } }
    const error = await start({ workers: [worker] }).catch(reason => reason)
    expect(error.part).toBe('fixture')
    expect(error.message).toMatch(/exit code 3 while starting[\s\S]*cannot find its thimble/)
    expect(error.message).toContain(join(home, 'logs', 'fixture.log'))
    expect(readStackProcesses(home)).toEqual([])
  })

  test('whose fixed port is taken says so and leaves nothing behind', async () => {
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const env = { ...plainEnvironment(), BOURSE_TEMPORAL_PORT: String(port) }
    await expect(start({ env })).rejects.toThrow(`Port ${port} (from BOURSE_TEMPORAL_PORT) is taken`)
    expect(readStackProcesses(home)).toEqual([])
    taken.close()
  })

  test('without a way to its servers lists for both what was tried', async () => {
    const nowhere = {
      PATH: '/nowhere',
      XDG_CACHE_HOME: join(home, 'cache'),
      BOURSE_RELEASES_URL: 'http://127.0.0.1:1',
    }
    const error = await start({ env: nowhere }).catch(reason => reason)
    expect(error.message).toMatch(/The NATS server could not be found[\s\S]*go install: no go on PATH/)
    expect(error.message).toMatch(/The Temporal server could not be found/)
    expect(readStackProcesses(home)).toEqual([])
  })

  test('given up while it starts leaves nothing behind', async () => {
    const giveUp = new AbortController()
    const starting = start({ signal: giveUp.signal })
    const started = await vi.waitUntil(
      () => readStackProcesses(home).length > 0 && readStackProcesses(home),
      { timeout: PATIENCE_MS, interval: 5 },
    )
    giveUp.abort()
    await expect(starting).rejects.toThrow('given up')
    await allEnded(home, started)
  })
})

describe('a stack whose supervisor is killed', () => {
  test('is ended by its guardian, and can be started again', async () => {
    const supervisor = await startSupervisor()
    const state = readStackState(home)
    expect(state?.processes.length).toBe(3)
    supervisor.kill('SIGKILL')
    await allEnded(home, state?.processes)
    await vi.waitFor(() => expect(existsSync(join(home, 'state.json'))).toBe(false), {
      timeout: PATIENCE_MS,
    })
    expect(readStackEnd(home)?.message).toContain('The supervisor itself was killed')
    const ports = rememberedPorts(home)
    const again = await start()
    expect(readStackEnd(home)).toBeUndefined()
    expect(again.state.temporal).toBe(`127.0.0.1:${ports.temporal}`)
  })

  test('together with its guardian is ended by the next start', async () => {
    const supervisor = await startSupervisor()
    const before = readStackState(home)
    const guardian = readStackProcesses(home).find(({ name }) => name === 'guardian')
    if (!before || !guardian) throw new Error('the stack is not up')
    process.kill(guardian.pid, 'SIGKILL')
    supervisor.kill('SIGKILL')
    await once(supervisor, 'exit')
    expect(readStackState(home)).toBeUndefined()
    expect(before.processes.filter(isRunning).length).toBeGreaterThan(0)

    const after = await start()
    await allEnded(home, before.processes)
    expect(await query(after.state, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})
