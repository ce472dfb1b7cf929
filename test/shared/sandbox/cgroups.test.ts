import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findRunGroups } from '../../../shared/sandbox/cgroups.ts'

const LIMITS = {
  memoryBytes: 64_000_000,
  cpuCores: 0.25,
  processes: 32,
  openFilesPerProcess: 64,
  workspaceBytes: 1,
  workspaceFiles: 1,
}
let folder: string
let proc: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bourse-cgroups-'))
  proc = join(folder, 'proc')
  mkdirSync(proc)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A machine as the kernel would describe it to this process. */
function describeMachine(mounts: readonly string[], groups: readonly string[]): void {
  writeFileSync(join(proc, 'mountinfo'), `${mounts.join('\n')}\n`)
  writeFileSync(join(proc, 'cgroup'), `${groups.join('\n')}\n`)
}

it('makes groups by cgroup v2 below its own, where memory and processes are offered', () => {
  const own = join(folder, 'unified', 'service')
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'cgroup.controllers'), 'cpu memory pids\n')
  const mount = `30 24 0:26 / ${join(folder, 'unified')} rw shared:4 - cgroup2 cgroup2 rw,nsdelegate`
  describeMachine(['22 1 8:1 / / rw - ext4 /dev/sda rw', mount], ['0::/service'])
  const groups = findRunGroups(proc)
  expect(groups.tier).toBe('cgroup v2')
  expect(readFileSync(join(own, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu')

  expect(groups.find('one')).toBe(null)
  // The kernel makes these files with the group; some are there on newer kernels only.
  const made = join(own, 'bourse-one')
  groups.create('one', LIMITS)
  expect(readFileSync(join(made, 'memory.max'), 'utf8')).toBe('64000000')
  expect(readFileSync(join(made, 'pids.max'), 'utf8')).toBe('32')
  const group = groups.find('one')!
  group.add(42)
  expect(readFileSync(join(made, 'cgroup.procs'), 'utf8')).toBe('42')
  expect(group.ranOutOfMemory()).toBe(false)
  writeFileSync(join(made, 'memory.events'), 'low 0\noom 1\noom_kill 1\n')
  expect(group.ranOutOfMemory()).toBe(true)
})

it('makes groups by cgroup v1 when v2 offers no controllers', () => {
  const at = (name: string) => join(folder, name)
  for (const name of ['memory', 'pids', 'cpu']) mkdirSync(join(at(name), 'job'), { recursive: true })
  mkdirSync(at('unified'))
  writeFileSync(join(at('unified'), 'cgroup.controllers'), '\n')
  describeMachine(
    [
      `30 24 0:26 / ${at('unified')} rw - cgroup2 cgroup2 rw`,
      ...['memory', 'pids', 'cpu'].map(name => `31 24 0:27 / ${at(name)} rw - cgroup cgroup rw,${name}`),
    ],
    ['3:cpu:/job', '2:pids:/job', '1:memory:/job', '0::/'],
  )
  const groups = findRunGroups(proc)
  expect(groups.tier).toBe('cgroup v1')
  groups.create('one', LIMITS)
  const file = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8')
  expect(file('memory', 'job', 'bourse-one', 'memory.limit_in_bytes')).toBe('64000000')
  expect(file('pids', 'job', 'bourse-one', 'pids.max')).toBe('32')
  expect(file('cpu', 'job', 'bourse-one', 'cpu.cfs_quota_us')).toBe('25000')
})

it('does without groups where none can be made', async () => {
  describeMachine([`30 24 0:26 / ${join(folder, 'nowhere')} rw - cgroup2 cgroup2 rw`], ['0::/'])
  const groups = findRunGroups(proc)
  expect(groups.tier).toBe('rlimits')
  const group = groups.create('one', LIMITS)
  group.add(1)
  await group.remove()
  expect(group.ranOutOfMemory()).toBe(false)
  expect(existsSync(join(folder, 'nowhere'))).toBe(false)
})
