import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning, ownIdentity, type ProcessIdentity } from '../../setup/process-identity.mjs'

/** A folder whose run left no readable record within this time was left by a process that died at its beginning. */
const BEGINNING_MS_MAX = 30_000

/** A run that is going on on this machine, as its starter wrote it down for whoever must end it. */
export interface RunRecord {
  starter: ProcessIdentity
  /** When its time is over, by this machine's clock. */
  endsAtMs: number
  /** Its processes outside of its group: the launch, and what bwrap started. */
  processes: ProcessIdentity[]
}

/** Where the sandboxes of this user stand on this machine, each in a folder that only its own run's user may enter. */
export function sandboxRoot(): string {
  return join(tmpdir(), `bourse-sandboxes-${process.getuid?.() ?? 0}`)
}

/** Makes the folder for sandboxes, or throws when somebody else made it first. */
export function prepareRoot(root: string): void {
  mkdirSync(join(root, 'runs'), { recursive: true, mode: 0o711 })
  for (const folder of [root, join(root, 'runs')]) {
    const { uid, mode } = lstatSync(folder)
    if (!lstatSync(folder).isDirectory() || uid !== process.getuid?.() || (mode & 0o022) !== 0) {
      throw new Error(`${folder} belongs to somebody else, or others may write there: remove it`)
    }
    chmodSync(folder, 0o711)
  }
}

/** The folder of one run. */
export function runFolder(root: string, id: string): string {
  return join(root, 'runs', id)
}

/** Begins the record of a run that this process starts; throws when there is one under this id. */
export function beginRecord(root: string, id: string, endsInMs: number): RunRecord {
  mkdirSync(runFolder(root, id), { mode: 0o711 })
  const record = { starter: ownIdentity(), endsAtMs: Date.now() + endsInMs, processes: [] }
  writeRecord(root, id, record)
  return record
}

export function writeRecord(root: string, id: string, record: RunRecord): void {
  writeFileSync(join(runFolder(root, id), 'record.json'), JSON.stringify(record), { mode: 0o600 })
}

/** The record of a run, or null when there is none that can be read. */
export function readRecord(root: string, id: string): RunRecord | null {
  try {
    return JSON.parse(readFileSync(join(runFolder(root, id), 'record.json'), 'utf8')) as RunRecord
  } catch {
    return null
  }
}

/** Kills the processes a record names, as far as they are still those. */
export function killRecorded({ processes }: RunRecord): void {
  for (const one of processes) {
    if (isRunning(one)) process.kill(one.pid, 'SIGKILL')
  }
}

export function removeRun(root: string, id: string): void {
  rmSync(runFolder(root, id), { recursive: true, force: true })
}

export interface Stray {
  id: string
  orphaned: boolean
}

/** Runs whose starter is gone (`orphaned`), and runs that go on though their time was over `overdueMs` ago. */
export function findStrays(root: string, overdueMs: number): Stray[] {
  return listRuns(root).flatMap((id): Stray[] => {
    const record = readRecord(root, id)
    if (record === null) {
      const isLeft = Date.now() - (modifiedMs(runFolder(root, id)) ?? Date.now()) > BEGINNING_MS_MAX
      return isLeft ? [{ id, orphaned: true }] : []
    }
    if (!isRunning(record.starter)) return [{ id, orphaned: true }]
    return Date.now() > record.endsAtMs + overdueMs ? [{ id, orphaned: false }] : []
  })
}

function listRuns(root: string): string[] {
  try {
    return readdirSync(join(root, 'runs'))
  } catch {
    return []
  }
}

function modifiedMs(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs
  } catch {
    return undefined
  }
}
