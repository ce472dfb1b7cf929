import { mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessIdentity } from '../../setup/process-identity.mjs'
import { stateFile } from '../../shared/config/stack-state.ts'
import { readRecords, removeRecords } from './process-record.ts'

const LOG_KEPT_BYTES_MAX = 10_000_000
const TAIL_BYTES_MAX = 4_000
const TAIL_LINES_MAX = 12

/** Makes the folders of a stack's home, readable by its owner only. */
export function prepareHome(home: string): void {
  // A root user's Postgres runs as somebody else, who has to pass through.
  mkdirSync(home, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 })
}

/** Where a part writes its log; a log that has grown large begins anew and is kept once. */
export function logFile(home: string, part: string): string {
  const path = join(home, 'logs', `${part.replaceAll(' ', '-')}.log`)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_KEPT_BYTES_MAX)
    renameSync(path, `${path}.old`)
  return path
}

/** The size of a log now; what a part writes from here on is this run's. */
export function logSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** The last lines written to a log since it had `fromByte` bytes. */
export function logTail(path: string, fromByte: number): string {
  return readLogFrom(path, fromByte)
    .slice(-TAIL_BYTES_MAX)
    .trim()
    .split('\n')
    .slice(-TAIL_LINES_MAX)
    .join('\n')
}

/** What was written to a log since it had `fromByte` bytes. */
export function readLogFrom(path: string, fromByte: number): string {
  try {
    return readFileSync(path).subarray(fromByte).toString('utf8')
  } catch {
    return ''
  }
}

/** Removes the state and the records of `home` when they are this supervisor's. */
export function removeOwnFiles(home: string, supervisor: ProcessIdentity): void {
  const owner = readRecords(home)?.supervisor
  if (owner?.pid !== supervisor.pid || owner.birth !== supervisor.birth) return
  rmSync(stateFile(home), { force: true })
  removeRecords(home)
}
