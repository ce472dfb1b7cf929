import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findSandboxTools, SANDBOX_TOOLS } from '../../../setup/sandbox.mjs'
import { onPath } from '../../../setup/servers.mjs'
import { findRunGroups } from '../../../shared/sandbox/cgroups.ts'
import { createSandbox } from '../../../shared/sandbox/create-sandbox.ts'
import { readRecord, runFolder, sandboxRoot } from '../../../shared/sandbox/run-records.ts'
import { eventually } from '../../workflows/economy-client.ts'
import { LIMITS, readiness, runHostile, runProgram, sandbox, whySkipped } from './run-program.ts'

const NOTHING_MOUNTED = join(tmpdir(), 'bourse-no-such-proc')
const noLibraries = { node: new Map<string, string>(), python: null }

describe.skipIf(!readiness.ready)(`a sandbox${whySkipped}`, () => {
  it('gives a program its files, its variables and nothing else', async () => {
    const run = await runProgram(['sh', '-c', 'pwd; ls; cat told; env | sort; id -u'], {
      files: new Map([['told', Buffer.from('what it was told\n')]]),
      environment: { NATS_URL: 'nats://127.0.0.1:4222' },
    })
    expect(run).toMatchObject({ started: true, reason: 'finished', exitCode: 0, err: '', problem: null })
    expect(run.out.split('\n')).toEqual([
      '/program',
      'told',
      'what it was told',
      'HOME=/workspace',
      'LANG=C.UTF-8',
      'NATS_URL=nats://127.0.0.1:4222',
      'PATH=/opt/bourse/bin:/usr/local/bin:/usr/bin:/bin',
      'PWD=/program',
      'TMPDIR=/tmp',
      '1000',
      '',
    ])
  })

  it('lets a program open its output by name', async () => {
    const run = await runProgram(['sh', '-c', 'echo out >/dev/stdout; echo err >/dev/stderr'])
    expect(run).toMatchObject({ out: 'out\n', err: 'err\n', exitCode: 0 })
  })

  it('tells how a program ended', async () => {
    expect(await runProgram(['sh', '-c', 'exit 7'])).toMatchObject({ reason: 'finished', exitCode: 7 })
    expect(await runProgram(['sh', '-c', 'kill -9 $$'])).toMatchObject({ reason: 'finished', exitCode: 137 })
    expect(await runProgram(['no-such-command'])).toMatchObject({
      started: true,
      reason: 'finished',
      exitCode: 127,
    })
  })

  it('keeps what is in the workspace, and only that, for the next run', async () => {
    const first = await runProgram([
      'sh',
      '-c',
      'cd /workspace; mkdir -p notes; echo one >notes/a; ln -s notes/a link; mkfifo pipe; echo lost >/tmp/b',
    ])
    expect(first.workspace).toBeInstanceOf(Uint8Array)
    const second = await runProgram(
      ['sh', '-c', 'cat /workspace/link; test -p /workspace/pipe && ls /tmp; rm -r /workspace/*'],
      { workspace: first.workspace as Uint8Array },
    )
    expect(second).toMatchObject({ out: 'one\n', exitCode: 0, workspace: null })
  })

  it('keeps the workspace of a program that was killed', async () => {
    const run = await runProgram(['sh', '-c', 'echo kept >/workspace/a; sleep 60'], { endsInMs: 1_000 })
    expect(run).toMatchObject({ reason: 'time', exitCode: 137 })
    const next = await runProgram(['cat', '/workspace/a'], { workspace: run.workspace as Uint8Array })
    expect(next.out).toBe('kept\n')
  })

  it('stops a program when it is asked to', async () => {
    const stop = new AbortController()
    const running = runProgram(['sleep', '60'], { signal: stop.signal })
    setTimeout(() => stop.abort(), 200)
    expect((await running).reason).toBe('stopped')
    expect((await runProgram(['sleep', '60'], { signal: AbortSignal.abort() })).reason).toBe('stopped')
  })

  it('runs one program under an id at a time', async () => {
    const id = randomUUID()
    const running = runProgram(['sleep', '2'], { id })
    await eventually(async () => existsSync(runFolder(sandboxRoot(), id)))
    await expect(runProgram(['true'], { id })).rejects.toThrow('EEXIST')
    expect(await running).toMatchObject({ reason: 'finished', exitCode: 0 })
  })

  it('runs many programs at once', async () => {
    const runs = await Promise.all(
      Array.from({ length: 12 }, (_, nth) =>
        runProgram(['sh', '-c', `echo ${nth} >/workspace/n; cat /workspace/n`]),
      ),
    )
    expect(runs.map(run => run.out)).toEqual(runs.map((_, nth) => `${nth}\n`))
  })

  it('dies with the process that started it, and what it left is cleared by another', async () => {
    const id = randomUUID()
    const starter = fork(fileURLToPath(new URL('./starter.ts', import.meta.url)), { execArgv: [] })
    await once(starter, 'message')
    starter.send(id)
    const processes = await eventually(async () => {
      const record = readRecord(sandboxRoot(), id)
      return record !== null && record.processes.length >= 3 && record.processes
    })
    const died = once(starter, 'exit')
    starter.kill('SIGKILL')
    await died
    await eventually(async () => processes.every(one => !existsSync(`/proc/${one.pid}/exe`)))
    expect(await sandbox.endOrphans()).toContain(id)
    expect(existsSync(runFolder(sandboxRoot(), id))).toBe(false)
    expect(await sandbox.kill(id)).toBe(false)
  })

  it('is killed by another process though its starter is frozen', async () => {
    const id = randomUUID()
    const starter = fork(fileURLToPath(new URL('./starter.ts', import.meta.url)), { execArgv: [] })
    await once(starter, 'message')
    starter.send(id)
    const processes = await eventually(async () => {
      const record = readRecord(sandboxRoot(), id)
      return record !== null && record.processes.length >= 3 && record.processes
    })
    starter.kill('SIGSTOP')
    expect(await sandbox.kill(id)).toBe(true)
    // The launch itself waits for its frozen parent to collect it.
    await eventually(async () => processes.slice(1).every(one => !existsSync(`/proc/${one.pid}/exe`)))
    const died = once(starter, 'exit')
    starter.kill('SIGKILL')
    await died
    await sandbox.endOrphans()
  })

  it('runs Node, with the packages it is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bourse-packages-'))
    mkdirSync(join(folder, 'greeting'), { recursive: true })
    writeFileSync(join(folder, 'greeting', 'package.json'), '{"name": "greeting", "main": "index.js"}')
    writeFileSync(join(folder, 'greeting', 'index.js'), 'module.exports = "hello"')
    const withPackage = createSandbox({
      root: sandboxRoot(),
      libraries: { node: new Map([['greeting', join(folder, 'greeting')]]), python: null },
      hidden: [],
    })
    const run = await runProgram(['node', 'main.mjs'], {
      on: withPackage,
      runtime: 'node',
      files: new Map([
        ['main.mjs', Buffer.from('import word from "greeting"\nconsole.log(word, process.version)')],
      ]),
    })
    rmSync(folder, { recursive: true })
    expect(run).toMatchObject({ out: `hello ${process.version}\n`, exitCode: 0 })
  })

  it('hides a folder that lies in a system folder', async () => {
    const hiding = createSandbox({ root: sandboxRoot(), libraries: noLibraries, hidden: ['/usr/lib/ssl'] })
    const listing = ['ls', '/usr/lib/ssl']
    expect((await runProgram(listing)).out).not.toBe('')
    expect(await runProgram(listing, { on: hiding })).toMatchObject({ out: '', exitCode: 0 })
  })

  it('limits each process by itself where there are no control groups', async () => {
    const groups = findRunGroups(NOTHING_MOUNTED)
    expect(groups.tier).toBe('rlimits')
    const on = createSandbox({ root: sandboxRoot(), libraries: noLibraries, hidden: [], groups })
    const memory = await runHostile('flood', ['memory'], { on })
    expect(memory).toMatchObject({ started: true, reason: 'finished', exitCode: 1 })
    expect(memory.err).toContain('MemoryError')
    const processes = await runHostile('flood', ['processes'], { on })
    expect(processes.out).toMatch(/^contained: /)
    expect(Number(/(\d+) processes/.exec(processes.out)![1])).toBeLessThan(LIMITS.processes)
    expect(await runHostile('flood', ['fork_bomb'], { on, endsInMs: 1_000 })).toMatchObject({
      reason: 'time',
    })
  })
})

describe('a machine without a sandbox', () => {
  const tools = findSandboxTools()

  it('says what is missing and how to get it', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'bourse-empty-'))
    const without = createSandbox({
      root: sandboxRoot(),
      libraries: noLibraries,
      hidden: [],
      env: { PATH: empty },
    })
    const probed = await without.probe()
    rmSync(empty, { recursive: true })
    expect(probed).toMatchObject({ ready: false, why: 'missing' })
    expect(probed.ready ? '' : probed.remedy).toMatch(/bubblewrap|Linux/)
    await expect(without.run({} as never, new AbortController().signal)).rejects.toThrow('not to be had')
  })

  it.skipIf(tools.missing !== undefined)(
    'says why it is blocked and what would allow it (skipped where a tool is missing)',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bourse-blocked-'))
      chmodSync(folder, 0o755)
      for (const tool of Object.keys(SANDBOX_TOOLS)) {
        if (tool !== 'bwrap') symlinkSync(onPath(tool)[0]!, join(folder, tool))
      }
      writeFileSync(
        join(folder, 'bwrap'),
        '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2; exit 1\n',
        { mode: 0o755 },
      )
      const blocked = createSandbox({
        root: sandboxRoot(),
        libraries: noLibraries,
        hidden: [],
        env: { PATH: folder },
      })
      const probed = await blocked.probe()
      rmSync(folder, { recursive: true })
      expect(probed).toMatchObject({
        ready: false,
        why: 'blocked',
        detail: 'bwrap: No permissions to create new namespace',
      })
      expect(probed.ready ? '' : probed.remedy).toMatch(/namespace/)
    },
  )
})
