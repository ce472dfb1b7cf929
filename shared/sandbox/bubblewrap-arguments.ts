import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { INSIDE_SCRIPT, LAUNCH_FILES } from './launch-scripts.ts'
import type { SandboxRequest } from './sandbox.ts'
import {
  PROGRAM_FOLDER,
  RUNTIME_FOLDER,
  SOCKET_FOLDER,
  sandboxEnvironment,
  socketInside,
  WORKSPACE_FOLDER,
} from './sandbox-environment.ts'

/** The only user there is inside. */
const INSIDE_ID = '1000'
/** Programs and libraries of the system; nothing that is configured or kept on this machine. */
const SYSTEM_FOLDERS = [
  '/usr/bin',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/libexec',
  '/usr/share/zoneinfo',
  '/usr/local/bin',
  '/usr/local/lib',
]
/** On most systems links into /usr. */
const TOP_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64']
const SYSTEM_FILES = ['/etc/ld.so.cache', '/etc/alternatives']
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom']
/** What /proc tells of the machine, its users and its other processes. */
const HIDDEN_FILES = [
  '/proc/cmdline',
  '/proc/diskstats',
  '/proc/interrupts',
  '/proc/iomem',
  '/proc/ioports',
  '/proc/kallsyms',
  '/proc/kcore',
  '/proc/key-users',
  '/proc/keys',
  '/proc/kmsg',
  '/proc/kpagecgroup',
  '/proc/kpagecount',
  '/proc/kpageflags',
  '/proc/latency_stats',
  '/proc/locks',
  '/proc/modules',
  '/proc/pagetypeinfo',
  '/proc/partitions',
  '/proc/sched_debug',
  '/proc/slabinfo',
  '/proc/sysrq-trigger',
  '/proc/timer_list',
  '/proc/vmallocinfo',
]
const HIDDEN_FOLDERS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/bus',
  '/proc/driver',
  '/proc/fs',
  '/proc/irq',
  '/proc/scsi',
]

/** Where things of one run stand outside. */
export interface RunFolders {
  program: string
  sockets: string
  /** An empty folder that lies over what is not to be seen. */
  nothing: string
  /** Small files of /etc, by name. */
  etc: ReadonlyMap<string, string>
  /** What the runtime needs beside the system: paths in `/opt/bourse` or at the top, by where they stand outside. */
  runtime: ReadonlyMap<string, string>
  /** The mount that holds all the program may write, with folders workspace, tmp and shm. */
  scratch: string
}

/** What the program sees and is, as bwrap's options; they hold its variables, so they are no command line's. */
export function bubblewrapOptions(
  request: SandboxRequest,
  folders: RunFolders,
  hidden: readonly string[],
): string[] {
  const variables = { ...sandboxEnvironment(request.runtime, request.limits), ...request.environment }
  return [
    '--unshare-all',
    '--unshare-user',
    '--disable-userns',
    '--new-session',
    '--die-with-parent',
    '--as-pid-1',
    ...['--uid', INSIDE_ID, '--gid', INSIDE_ID, '--hostname', 'sandbox', '--cap-drop', 'ALL'],
    '--clearenv',
    ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
    ...systemMounts(),
    ...[...folders.runtime].flatMap(([inside, outside]) => ['--ro-bind', outside, inside]),
    ...[...folders.etc].flatMap(([name, outside]) => ['--ro-bind', outside, `/etc/${name}`]),
    ...hiddenMounts(folders.nothing, hidden),
    ...['--ro-bind', folders.program, PROGRAM_FOLDER],
    ...['--ro-bind', folders.sockets, SOCKET_FOLDER],
    ...['--bind', join(folders.scratch, 'workspace'), WORKSPACE_FOLDER],
    ...['--bind', join(folders.scratch, 'tmp'), '/tmp'],
    ...['--bind', join(folders.scratch, 'shm'), '/dev/shm'],
    ...['--remount-ro', '/'],
    ...['--seccomp', String(LAUNCH_FILES.seccomp)],
    ...['--json-status-fd', String(LAUNCH_FILES.status)],
    ...['--chdir', PROGRAM_FOLDER],
  ]
}

/**
 * The command that runs a request's program in its sandbox, once its mount is there. `memoryKib` limits each process
 * where nothing limits all of them together; 0: something does.
 */
export function bubblewrapCommand(bwrap: string, request: SandboxRequest, memoryKib: number): string[] {
  const { limits, servers } = request
  return [
    ...[bwrap, '--args', String(LAUNCH_FILES.options), '--'],
    ...['/bin/sh', '-c', INSIDE_SCRIPT, 'launch'],
    ...[limits.openFilesPerProcess, limits.processes, memoryKib].map(String),
    request.workspace === null ? 'no' : 'yes',
    ...servers.flatMap(({ insidePort, name }) => [
      String(insidePort),
      listeningAt(insidePort),
      socketInside(name),
    ]),
    '--',
    ...request.command,
  ]
}

/** How /proc/net/tcp writes 127.0.0.1 and a port; the address is in the order of the machine's bytes. */
function listeningAt(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
}

/** The system's programs and libraries, /proc of the sandbox's own processes, and the harmless devices. */
function systemMounts(): string[] {
  const folders = [...SYSTEM_FOLDERS, ...SYSTEM_FILES]
    .filter(path => existsSync(path))
    .flatMap(path => ['--ro-bind', path, path])
  const tops = TOP_FOLDERS.filter(path => existsSync(path)).flatMap(path =>
    lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path],
  )
  const devices = DEVICES.flatMap(path => ['--dev-bind', path, path])
  const links = [
    ...['--symlink', '/proc/self/fd', '/dev/fd'],
    ...['--symlink', '/proc/self/fd/0', '/dev/stdin'],
    ...['--symlink', '/proc/self/fd/1', '/dev/stdout'],
    ...['--symlink', '/proc/self/fd/2', '/dev/stderr'],
  ]
  return [...folders, ...tops, '--proc', '/proc', ...devices, ...links]
}

/** Lays nothing over what would be seen through the system's folders, and over what /proc tells of the machine. */
function hiddenMounts(nothing: string, hidden: readonly string[]): string[] {
  const seen = hidden.filter(path =>
    [...SYSTEM_FOLDERS, ...TOP_FOLDERS].some(folder => `${path}/`.startsWith(`${folder}/`)),
  )
  return [
    ...HIDDEN_FILES.filter(path => existsSync(path)).flatMap(path => ['--ro-bind', '/dev/null', path]),
    ...[...HIDDEN_FOLDERS, ...seen]
      .filter(path => existsSync(path))
      .flatMap(path => ['--ro-bind', nothing, path]),
  ]
}

/** Where a file of the runtime stands inside. */
export const NODE_INSIDE = `${RUNTIME_FOLDER}/bin/node`
export const PYTHON_LIBRARIES_INSIDE = `${RUNTIME_FOLDER}/python`
/** Node looks for packages in the folders above a module, up to this one. */
export const NODE_LIBRARIES_INSIDE = '/node_modules'
