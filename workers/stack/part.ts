import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { birthOf } from '../../setup/process-identity.mjs'
import { logSize, logTail } from './home.ts'
import type { ProcessRecord } from './process-record.ts'
import { StackError } from './stack-error.ts'

const POLL_MS = 20

/** What to start and how to end it. */
export interface PartSpec {
  name: string
  command: string
  args: string[]
  env: Record<string, string | undefined>
  log: string
  stopSignal: ProcessRecord['stopSignal']
  stopWaitMs: number
  cwd?: string
  uid?: number
  gid?: number
  /** Gives the child a channel on which it can say that it is ready. */
  channel?: boolean
}

/** How a part ended. */
export interface PartExit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A part that was started. */
export interface Part {
  name: string
  child: ChildProcess
  record: ProcessRecord
  /** The size its log had before it started. */
  logFromByte: number
  exit: Promise<PartExit>
  hasExited: () => boolean
}

/**
 * Starts a process in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor, which then
 * ends the parts in their order. Throws a StackError when it cannot be started at all.
 */
export function startPart(spec: PartSpec): Part {
  const logFromByte = logSize(spec.log)
  const log = openSync(spec.log, 'a', 0o600)
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: spec.channel ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  closeSync(log)
  let exited = false
  const { promise: exit, resolve } = Promise.withResolvers<PartExit>()
  child.on('exit', (code, signal) => {
    exited = true
    resolve({ code, signal })
  })
  child.on('error', () => {})
  if (child.pid === undefined) {
    throw new StackError(spec.name, `${spec.name} could not be started: ${spec.command} does not run here.`)
  }
  const record = {
    name: spec.name,
    pid: child.pid,
    birth: birthOf(child.pid) ?? 'ended',
    stopSignal: spec.stopSignal,
    stopWaitMs: spec.stopWaitMs,
    log: spec.log,
  }
  return { name: spec.name, child, record, logFromByte, exit, hasExited: () => exited }
}

/**
 * Waits until `probe` answers true. Throws a StackError with the end of the log when the part ends before that
 * or the bound passes. A probe that throws counts as not ready.
 */
export async function waitUntilReady(
  part: Part,
  probe: () => Promise<boolean>,
  waitMs: number,
): Promise<void> {
  const deadline = Date.now() + waitMs
  for (;;) {
    const ready = await probe().catch(() => false)
    if (part.hasExited())
      throw new StackError(part.name, endedMessage(part, await part.exit, 'while starting'))
    if (ready) return
    if (Date.now() > deadline) {
      throw new StackError(
        part.name,
        `${part.name} was not ready within ${waitMs / 1000} s.\n${logExcerpt(part)}`,
      )
    }
    await delay(POLL_MS)
  }
}

/** What to tell when a part has ended by itself: how, its last words, where the rest is. */
export function endedMessage(part: Part, { code, signal }: PartExit, when: string): string {
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`
  return `${part.name} ${how} ${when}.\n${logExcerpt(part)}`
}

function logExcerpt(part: Part): string {
  const tail = logTail(part.record.log, part.logFromByte)
  const words = tail ? `Its last words:\n${tail.replaceAll(/^/gm, '  | ')}` : 'It logged nothing.'
  return `${words}\nIts log: ${part.record.log}`
}
