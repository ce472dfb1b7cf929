import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chownSync, closeSync, mkdirSync, openSync, unlinkSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { birthOf } from '../../setup/process-identity.mjs'
import type { SandboxTool } from '../../setup/sandbox.mjs'
import { bubblewrapCommand, bubblewrapOptions, type RunFolders } from './bubblewrap-arguments.ts'
import type { RunGroup, RunGroups } from './cgroups.ts'
import { forwardServer } from './forwarded-server.ts'
import type { Gate } from './gate.ts'
import { keepOutput } from './kept-output.ts'
import { LAUNCH_FILES, OUTER_SCRIPT } from './launch-scripts.ts'
import {
  beginRecord,
  killRecorded,
  type RunRecord,
  removeRun,
  runFolder,
  writeRecord,
} from './run-records.ts'
import { prepareEtc, prepareRuntime, type RuntimeLibraries } from './runtime-files.ts'
import type { SandboxEnd, SandboxExit, SandboxRequest } from './sandbox.ts'

/** What runs have in common on this machine. */
export interface BubblewrapMachine {
  root: string
  tools: Record<SandboxTool, string>
  groups: RunGroups
  filter: Uint8Array
  libraries: RuntimeLibraries
  /** Paths that no program may see, wherever they lie: the project, the stack's folder. */
  hidden: readonly string[]
  /** Launches take processor time of their own: only so many go on side by side. */
  launches: Gate
}

/** A run started by root gets a user of its own out of these, which no system hands out. */
const FIRST_RUN_USER = 2_000_000_000
const RUN_USERS = 1_000_000
const NICENESS = 10
/** How soon a run that wants too much memory is found out; the kernel has killed a process of it by then. */
const LOOK_FOR_MEMORY_MS = 250
/** After its program was killed, a run may still need this long to tell what is in its workspace. */
const FAREWELL_MS_MAX = 15_000
/** What tar adds to the contents: a header and a half-filled block a file. */
const ARCHIVE_BYTES_PER_FILE = 2_048

/** Runs one program to its end, in a sandbox of its own. */
export async function runInBubblewrap(
  machine: BubblewrapMachine,
  request: SandboxRequest,
  signal: AbortSignal,
): Promise<SandboxExit> {
  const { root } = machine
  const beganMs = performance.now()
  const record = beginRecord(root, request.id, request.endsInMs)
  const launched = await machine.launches.enter()
  const servers: { close: () => Promise<void> }[] = []
  let group: RunGroup | undefined
  try {
    const user = process.getuid?.() === 0 ? FIRST_RUN_USER + randomInt(RUN_USERS) : null
    const folders = prepareFolders(machine, request, user)
    for (const server of request.servers) {
      const path = join(folders.sockets, `${server.name}.sock`)
      servers.push(await forwardServer(server, path))
      if (user !== null) chownSync(path, user, user)
    }
    group = machine.groups.create(request.id, request.limits)
    const endsInMs = request.endsInMs - (performance.now() - beganMs)
    return await launch(machine, { ...request, endsInMs }, { folders, user, group, record, launched }, signal)
  } finally {
    launched()
    await Promise.all(servers.map(server => server.close()))
    killRecorded(record)
    await group?.remove()
    removeRun(root, request.id)
  }
}

function prepareFolders(
  machine: BubblewrapMachine,
  request: SandboxRequest,
  user: number | null,
): RunFolders {
  const { root, libraries } = machine
  const folder = runFolder(root, request.id)
  const make = (name: string, mode: number, owner: number | null) => {
    const path = join(folder, name)
    mkdirSync(path, { mode })
    if (owner !== null) chownSync(path, owner, owner)
    return path
  }
  const program = make('program', 0o755, null)
  for (const [name, content] of request.files) writeFileSync(join(program, name), content, { mode: 0o555 })
  return {
    program,
    sockets: make('sockets', 0o700, user),
    scratch: make('scratch', 0o700, user),
    nothing: make('nothing', 0o755, null),
    etc: prepareEtc(root),
    runtime: prepareRuntime(root, request.runtime, libraries),
  }
}

interface Launch {
  folders: RunFolders
  user: number | null
  group: RunGroup
  record: RunRecord
  /** To be called when the program runs. */
  launched: () => void
}

async function launch(
  machine: BubblewrapMachine,
  request: SandboxRequest,
  { folders, user, group, record, launched }: Launch,
  signal: AbortSignal,
): Promise<SandboxExit> {
  const { limits } = request
  const child = startLaunch(machine, request, folders, user)
  const pipe = (place: number) => child.stdio[place] as unknown as Readable & Writable
  let isOver = false
  let started = false
  let kept = false
  let ended: Exclude<SandboxEnd, 'finished' | 'failed_to_start'> | null = null
  /** bwrap and the first process inside, whose end ends everything inside. */
  const inside: number[] = []

  const note = (pid: number) => {
    const birth = birthOf(pid)
    if (birth === undefined) return
    record.processes.push({ pid, birth })
    writeRecord(machine.root, request.id, record)
  }
  const end = (reason: typeof ended) => {
    ended ??= reason
    for (const pid of inside.toReversed()) killProcess(pid)
    // Before there is anything inside, the launch itself is given up.
    if (inside.length === 0) killProcess(child.pid!)
    farewell ??= setTimeout(() => {
      killProcess(child.pid!)
      killRecorded(record)
    }, FAREWELL_MS_MAX)
  }
  let farewell: NodeJS.Timeout | undefined
  const onAbort = () => end('stopped')
  const timer = setTimeout(() => end('time'), Math.max(0, request.endsInMs))
  const look = setInterval(() => {
    if (group.ranOutOfMemory()) end('memory')
  }, LOOK_FOR_MEMORY_MS)

  note(child.pid!)
  readLines(pipe(LAUNCH_FILES.started), line => {
    started ||= line === 'started'
    launched()
  })
  readLines(pipe(LAUNCH_FILES.status), line => {
    const told = readStatus(line)
    if (told === 'kept') kept = true
    if (typeof told !== 'number') return
    inside.push(told)
    note(told)
    // The first is the gate, which becomes bwrap once it stands under its limits.
    if (inside.length === 1) {
      group.add(told)
      pipe(LAUNCH_FILES.gate).end('go\n')
    }
    if (ended !== null) end(ended)
  })
  pipe(LAUNCH_FILES.gate).on('error', () => {})
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()

  const archive = keepArchive(
    pipe(LAUNCH_FILES.workspaceOut),
    limits.workspaceBytes + limits.workspaceFiles * ARCHIVE_BYTES_PER_FILE,
  )
  const stdout = keepOutput(child.stdout!, () => isOver)
  const stderr = keepOutput(child.stderr!, () => isOver)
  try {
    const exitCode = await exitOf(child)
    isOver = true
    const [bytes, out, err] = await Promise.all([archive, stdout, stderr])
    const reason = ended ?? (group.ranOutOfMemory() ? 'memory' : started ? 'finished' : 'failed_to_start')
    const isKept = kept && bytes !== null
    return {
      started,
      reason,
      exitCode: started ? exitCode : null,
      stdout: out,
      stderr: err,
      workspace: isKept ? (bytes.length === 0 ? null : bytes) : 'not_kept',
      cpuSeconds: group.cpuSeconds(),
      problem: problemOf(reason, started && !isKept, err.bytes),
    }
  } finally {
    isOver = true
    clearTimeout(timer)
    clearTimeout(farewell)
    clearInterval(look)
    signal.removeEventListener('abort', onAbort)
  }
}

function startLaunch(
  { root, tools, groups, filter, hidden }: BubblewrapMachine,
  request: SandboxRequest,
  folders: RunFolders,
  user: number | null,
): ChildProcess {
  const { limits, workspace } = request
  const folder = runFolder(root, request.id)
  const files = [
    passed(folder, 'filter', filter),
    passed(folder, 'options', Buffer.from(nulSeparated(bubblewrapOptions(request, folders, hidden)))),
    ...(workspace === null ? [] : [passed(folder, 'workspace', workspace)]),
  ]
  const [filterFile, optionsFile, workspaceFile] = files
  const memoryKib = groups.tier === 'rlimits' ? Math.ceil(limits.memoryBytes / 1024) : 0
  const child = spawn(
    tools.unshare,
    [
      ...['--user', '--map-root-user', '--mount'],
      ...[tools.setpriv, '--pdeathsig', 'KILL', '--no-new-privs'],
      ...[tools.bash, '-c', OUTER_SCRIPT, 'bourse'],
      ...[limits.workspaceBytes, limits.workspaceFiles].map(value => String(Math.floor(value))),
      folders.scratch,
      ...bubblewrapCommand(tools.bwrap, request, memoryKib),
    ],
    {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      // In the order of LAUNCH_FILES, after the three that every process has.
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        'pipe',
        'pipe',
        workspaceFile ?? 'ignore',
        'pipe',
        filterFile!,
        'pipe',
        optionsFile!,
      ],
      ...(user === null ? {} : { uid: user, gid: user }),
    },
  )
  for (const file of files) closeSync(file)
  // The economy comes first: programs and their launches get what it leaves.
  if (child.pid !== undefined) setPriority(child.pid, NICENESS)
  return child
}

/** A descriptor that holds `content`, for a process that is started; nothing of it stays in the folder. */
function passed(folder: string, name: string, content: Uint8Array): number {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o600 })
  const file = openSync(path, 'r')
  unlinkSync(path)
  return file
}

function nulSeparated(options: readonly string[]): string {
  return options.map(option => `${option}\0`).join('')
}

/** What a line of the launch tells: a process to know, that the workspace is told whole, or nothing of interest. */
function readStatus(line: string): number | 'kept' | null {
  if (line === 'kept') return 'kept'
  const pid = /^pid (\d+)$/.exec(line)?.[1] ?? /^\{ "child-pid": (\d+)/.exec(line)?.[1]
  return pid === undefined ? null : Number(pid)
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  stream.on('error', () => {})
  createInterface({ input: stream }).on('line', onLine)
}

/** Everything a stream brings; null, and no more of it is read, when that is more than `bytesMax`. */
async function keepArchive(stream: Readable, bytesMax: number): Promise<Uint8Array | null> {
  const chunks: Buffer[] = []
  let total = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      total += chunk.length
      if (total > bytesMax) return null
      chunks.push(chunk)
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, name) => resolve(code ?? 128 + (name === 'SIGKILL' ? 9 : 15)))
  })
}

function problemOf(reason: SandboxEnd, lostWorkspace: boolean, stderr: Uint8Array): string | null {
  if (reason === 'failed_to_start') {
    return Buffer.from(stderr).toString('utf8').trim() || 'the sandbox ended before the program began'
  }
  return lostWorkspace ? 'what it left in its workspace could not be kept' : null
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
