import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEPT_BYTES_MAX } from '../../../shared/sandbox/kept-output.ts'
import { LIMITS, readiness, runHostile, runProgram, whySkipped } from './run-program.ts'

const MEBIBYTE = 1024 ** 2
const limitsMemory = readiness.ready && readiness.detail.includes('cgroup')
let server: Server
let open = 0
let openMax = 0

beforeAll(async () => {
  server = createServer(socket => {
    open += 1
    openMax = Math.max(openMax, open)
    socket.on('error', () => {})
    socket.on('close', () => {
      open -= 1
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
})

/** Processes on this machine that were given this variable: those of one test's sandboxes. */
function processesMarked(mark: string): string[] {
  return readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'utf8').includes(`MARK=${mark}\0`)
    } catch {
      return false
    }
  })
}

describe.skipIf(!readiness.ready)(`a flood${whySkipped}`, () => {
  it.skipIf(!limitsMemory)('of memory ends by memory', async () => {
    for (const of of ['memory', 'memory_of_many']) {
      expect(await runHostile('flood', [of]), of).toMatchObject({ started: true, reason: 'memory' })
    }
  })

  it('of shared memory stops at the same limit as the workspace', async () => {
    const run = await runHostile('flood', ['shared_memory'])
    expect(run).toMatchObject({ reason: 'finished', exitCode: 1 })
    expect(run.err).toContain('No space left on device')
  })

  it('of bytes and of files stops at the limits of the workspace', async () => {
    const disk = await runHostile('flood', ['disk'])
    expect(disk.out).toMatch(/contained: .*No space left/)
    expect(Number(/(\d+) bytes/.exec(disk.out)![1])).toBeLessThanOrEqual(LIMITS.workspaceBytes)
    const files = await runHostile('flood', ['files'])
    expect(files.out).toMatch(/contained: .*No space left/)
    expect(Number(/(\d+) files/.exec(files.out)![1])).toBeLessThanOrEqual(LIMITS.workspaceFiles)
  })

  it('of holes leaves a workspace that is kept small and comes back', async () => {
    const run = await runHostile('flood', ['sparse'])
    expect(run).toMatchObject({ reason: 'finished', exitCode: 0, problem: null })
    const workspace = run.workspace as Uint8Array
    expect(workspace.length).toBeLessThan(MEBIBYTE)
    const next = await runProgram(['stat', '--format=%s %b', '/workspace/sparse'], { workspace })
    expect(next).toMatchObject({ out: `${2 ** 50} 0\n`, exitCode: 0 })
  })

  it('of folders in folders ends nothing but what is kept of it', async () => {
    const run = await runHostile('flood', ['deep'])
    expect(run).toMatchObject({ reason: 'finished', exitCode: 0 })
    expect(run.out).toMatch(/^contained: \d+ folders/)
    expect(run.workspace).toBe('not_kept')
    expect(run.problem).toContain('could not be kept')
  })

  it('of folders about as deep as a path may be leaves what comes back, or nothing: no later run fails for it', async () => {
    for (const bytes of [3_900, 4_100]) {
      const run = await runHostile('flood', ['long_path', String(bytes)])
      expect(run, run.err).toMatchObject({ reason: 'finished', exitCode: 0 })
      if (bytes > 4_000) {
        expect(run.workspace).toBe('not_kept')
        continue
      }
      const next = await runProgram(['ls', '/workspace'], { workspace: run.workspace as Uint8Array })
      expect(next, next.err).toMatchObject({ started: true, out: `${'d'.repeat(99)}\n` })
    }
  })

  it('of descriptors, processes and threads stops at its limit', async () => {
    const environment = { MARK: randomUUID() }
    const counts = { descriptors: 0, processes: 0, threads: 0 }
    for (const of of ['descriptors', 'processes', 'threads'] as const) {
      const run = await runHostile('flood', [of], { environment })
      expect(run.out, of + run.err).toMatch(/^contained: /)
      counts[of] = Number(/contained: (\d+)/.exec(run.out)![1])
    }
    expect(counts.descriptors).toBeLessThan(LIMITS.openFilesPerProcess)
    expect(counts.processes).toBeLessThan(LIMITS.processes)
    expect(counts.threads).toBeLessThan(LIMITS.processes)
    expect(processesMarked(environment.MARK)).toEqual([])
  })

  it('of forks ends with its time, and nothing of it stays', async () => {
    const environment = { MARK: randomUUID() }
    const bomb = await runHostile('flood', ['fork_bomb'], { environment, endsInMs: 2_000 })
    expect(bomb.reason).toBe('time')
    expect(processesMarked(environment.MARK)).toEqual([])
  })

  it('of output is kept by its end, and waits for its reader', async () => {
    const run = await runHostile('flood', ['output'], { endsInMs: 2_000 })
    expect(run.reason).toBe('time')
    for (const kept of [run.stdout, run.stderr]) {
      expect(kept.bytes.length).toBe(KEPT_BYTES_MAX)
      expect(kept.total).toBeLessThan(4 * MEBIBYTE)
    }
  })

  it.skipIf(!limitsMemory)('of work gets no more of the processors than its share', async () => {
    const busy = await runHostile('flood', ['processor'], {
      endsInMs: 3_000,
      limits: { ...LIMITS, cpuCores: 0.2 },
    })
    expect(busy.reason).toBe('time')
    expect(busy.cpuSeconds!).toBeLessThan(1.5)
  })

  it('of connections is cut at a bound', async () => {
    const { port } = server.address() as { port: number }
    const target = { host: '127.0.0.1', port }
    const run = await runHostile('flood', ['connections'], {
      servers: [{ name: 'nats', insidePort: 4222, target }],
      endsInMs: 10_000,
    })
    expect(run.started).toBe(true)
    expect(openMax).toBeGreaterThan(0)
    expect(openMax).toBeLessThanOrEqual(32)
  })

  it('of refusals to end is ended', async () => {
    const environment = { MARK: randomUUID() }
    const stubborn = await runHostile('flood', ['stubborn'], { environment, endsInMs: 1_500 })
    expect(stubborn).toMatchObject({ reason: 'time', exitCode: 137, out: 'ignoring everything\n' })
    const started = performance.now()
    expect(await runHostile('flood', ['outlive'], { environment })).toMatchObject({
      reason: 'finished',
      exitCode: 0,
    })
    expect(performance.now() - started).toBeLessThan(60_000)
    expect(await runHostile('flood', ['forwarders'], { environment })).toMatchObject({ started: true })
    expect(processesMarked(environment.MARK)).toEqual([])
  })
})
