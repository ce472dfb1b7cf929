import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SandboxLimits } from './sandbox.ts'

/** How a run's processes are limited together: by cgroup v2, v1, or each by itself (`rlimits`). */
export type LimitTier = 'cgroup v2' | 'cgroup v1' | 'rlimits'

/** The group of one run's processes. */
export interface RunGroup {
  add(pid: number): void
  /** Whether the kernel has killed one of them because all together wanted more memory than they may have. */
  ranOutOfMemory(): boolean
  /** Processor time they took so far; null: nobody counts it. */
  cpuSeconds(): number | null
  /** Kills everything in it, and everything that is born meanwhile, and removes it. */
  remove(): Promise<void>
}

/** Makes groups below this process's own. */
export interface RunGroups {
  tier: LimitTier
  create(id: string, limits: SandboxLimits): RunGroup
  /** A group that somebody made under this id, or null. */
  find(id: string): RunGroup | null
}

const PREFIX = 'bourse-'
/** A tenth of what a group usually weighs: where processors are short, the economy's processes come first. */
const CPU_WEIGHT = 10
const CPU_SHARES = 102
const CPU_PERIOD_MICROSECONDS = 100_000
/** The kernel takes no smaller share. */
const CPU_QUOTA_MICROSECONDS_MIN = 1_000
const MICROSECONDS = 1e6
const NANOSECONDS = 1e9
const REMOVE_TRIES_MAX = 200
const REMOVE_PAUSE_MS = 10
const NEEDED = ['memory', 'pids']

/** Finds how groups can be made on this machine; `proc` is where the kernel tells of this process. */
export function findRunGroups(proc = '/proc/self'): RunGroups {
  const mounts = cgroupMounts(readOr(`${proc}/mountinfo`))
  const own = ownGroups(readOr(`${proc}/cgroup`))
  return unified(mounts, own) ?? separate(mounts, own) ?? EACH_BY_ITSELF
}

/** No groups: what a run may use is limited process by process. */
const EACH_BY_ITSELF: RunGroups = {
  tier: 'rlimits',
  create: () => ({ add() {}, ranOutOfMemory: () => false, cpuSeconds: () => null, async remove() {} }),
  find: () => null,
}

interface CgroupMount {
  root: string
  at: string
  /** Of v1; null: v2. */
  controllers: string[] | null
}

function cgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line): CgroupMount[] => {
    const [before, after] = line.split(' - ')
    const [, , , root, at] = before!.split(' ')
    const [type, , options] = (after ?? '').split(' ')
    if (type === 'cgroup2') return [{ root: root!, at: at!, controllers: null }]
    if (type === 'cgroup') return [{ root: root!, at: at!, controllers: options!.split(',') }]
    return []
  })
}

/** This process's group by controller; v2's under ''. */
function ownGroups(cgroup: string): Map<string, string> {
  const groups = cgroup.split('\n').flatMap(line => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    return controllers === undefined ? [] : controllers.split(',').map(name => [name, path!] as const)
  })
  return new Map(groups)
}

/** Where a mount shows the group at `path`; a group outside of what it shows counts as its root. */
function folderOf(mount: CgroupMount, path: string): string {
  const inside = relative(mount.root, path)
  const folder = inside.startsWith('..') ? mount.at : join(mount.at, inside)
  return existsSync(folder) ? folder : mount.at
}

function unified(mounts: readonly CgroupMount[], own: Map<string, string>): RunGroups | null {
  const mount = mounts.find(one => one.controllers === null)
  if (mount === undefined) return null
  const parent = folderOf(mount, own.get('') ?? '/')
  const offered = readOr(join(parent, 'cgroup.controllers')).trim().split(' ')
  if (!NEEDED.every(name => offered.includes(name))) return null
  const wanted = [...NEEDED, 'cpu'].filter(name => offered.includes(name))
  try {
    writeFileSync(join(parent, 'cgroup.subtree_control'), wanted.map(name => `+${name}`).join(' '))
  } catch {
    // Not delegated, or processes stand in the group itself.
    return null
  }
  if (!canMake([parent])) return null
  const folderFor = (id: string) => join(parent, `${PREFIX}${id}`)
  const group = (folder: string): RunGroup => ({
    add: pid => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    ranOutOfMemory: () => countIn(join(folder, 'memory.events'), 'oom_kill') > 0,
    cpuSeconds: () => countIn(join(folder, 'cpu.stat'), 'usage_usec') / MICROSECONDS,
    remove: () => removeGroup([folder]),
  })
  return {
    tier: 'cgroup v2',
    create(id, limits) {
      const folder = folderFor(id)
      mkdirSync(folder)
      write(folder, 'memory.max', limits.memoryBytes)
      writeIfThere(folder, 'memory.swap.max', 0)
      writeIfThere(folder, 'memory.oom.group', 1)
      write(folder, 'pids.max', limits.processes)
      writeIfThere(folder, 'cpu.weight', CPU_WEIGHT)
      writeIfThere(folder, 'cpu.max', `${cpuQuota(limits)} ${CPU_PERIOD_MICROSECONDS}`)
      return group(folder)
    },
    find: id => (existsSync(folderFor(id)) ? group(folderFor(id)) : null),
  }
}

function separate(mounts: readonly CgroupMount[], own: Map<string, string>): RunGroups | null {
  const parentOf = (controller: string): string | null => {
    const mount = mounts.find(one => one.controllers?.includes(controller))
    return mount === undefined ? null : folderOf(mount, own.get(controller) ?? '/')
  }
  const [memory, pids, cpu] = [parentOf('memory'), parentOf('pids'), parentOf('cpu')]
  const accounting = parentOf('cpuacct')
  if (memory === null || pids === null) return null
  const parents = [...new Set([memory, pids, cpu, accounting])].filter(parent => parent !== null)
  if (!canMake(parents)) return null
  const foldersFor = (id: string) => parents.map(parent => join(parent, `${PREFIX}${id}`))
  const memoryFolder = (id: string) => join(memory, `${PREFIX}${id}`)
  const group = (id: string): RunGroup => ({
    add(pid) {
      for (const folder of foldersFor(id)) writeFileSync(join(folder, 'cgroup.procs'), String(pid))
    },
    ranOutOfMemory: () => countIn(join(memoryFolder(id), 'memory.oom_control'), 'oom_kill') > 0,
    cpuSeconds() {
      if (accounting === null) return null
      const nanoseconds = Number(readOr(join(accounting, `${PREFIX}${id}`, 'cpuacct.usage')))
      return nanoseconds / NANOSECONDS
    },
    remove: () => removeGroup(foldersFor(id)),
  })
  return {
    tier: 'cgroup v1',
    create(id, limits) {
      for (const folder of foldersFor(id)) mkdirSync(folder)
      write(memoryFolder(id), 'memory.limit_in_bytes', limits.memoryBytes)
      writeIfThere(memoryFolder(id), 'memory.memsw.limit_in_bytes', limits.memoryBytes)
      write(join(pids, `${PREFIX}${id}`), 'pids.max', limits.processes)
      if (cpu !== null) {
        const folder = join(cpu, `${PREFIX}${id}`)
        write(folder, 'cpu.shares', CPU_SHARES)
        write(folder, 'cpu.cfs_period_us', CPU_PERIOD_MICROSECONDS)
        write(folder, 'cpu.cfs_quota_us', cpuQuota(limits))
      }
      return group(id)
    },
    find: id => (foldersFor(id).some(folder => existsSync(folder)) ? group(id) : null),
  }
}

function canMake(parents: readonly string[]): boolean {
  try {
    for (const parent of parents) {
      const trial = join(parent, `${PREFIX}trial-${process.pid}`)
      mkdirSync(trial)
      rmdirSync(trial)
    }
    return true
  } catch {
    return false
  }
}

function cpuQuota({ cpuCores }: SandboxLimits): number {
  return Math.max(CPU_QUOTA_MICROSECONDS_MIN, Math.round(cpuCores * CPU_PERIOD_MICROSECONDS))
}

async function removeGroup(folders: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const left = folders.filter(folder => existsSync(folder))
    if (left.length === 0) return
    for (const pid of new Set(left.flatMap(processesIn))) kill(pid)
    for (const folder of left) removeIfEmpty(folder)
    if (tries >= REMOVE_TRIES_MAX) throw new Error(`processes in ${left.join(', ')} cannot be killed`)
    if (left.some(folder => existsSync(folder))) await delay(REMOVE_PAUSE_MS)
  }
}

function processesIn(folder: string): number[] {
  return readOr(join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number)
}

function kill(pid: number): void {
  // 0 is a process that this one cannot see; the signal would go to this process's own group.
  if (pid <= 0) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Its processes are still going.
  }
}

function countIn(file: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readOr(file))?.[1] ?? 0)
}

function write(folder: string, file: string, value: number | string): void {
  writeFileSync(join(folder, file), String(typeof value === 'number' ? Math.floor(value) : value))
}

function writeIfThere(folder: string, file: string, value: number | string): void {
  if (existsSync(join(folder, file))) write(folder, file, value)
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
