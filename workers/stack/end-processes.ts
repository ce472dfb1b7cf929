import { setTimeout as delay } from 'node:timers/promises'
import { isRunning, sessionMembers } from '../../setup/process-identity.mjs'
import type { ProcessRecord } from './process-record.ts'

const POLL_MS = 20
const KILL_WAIT_MS = 5_000

/**
 * Ends processes in the reverse order of their starting: each is asked by its own signal, killed when it has not
 * ended within its own bound, and what it left behind in its session is killed too.
 * Returns the names of those that had to be killed. A process id that has meanwhile been given to another
 * process is left alone.
 */
export async function endProcesses(records: ProcessRecord[]): Promise<string[]> {
  const killed: string[] = []
  for (const record of records.toReversed()) {
    if (await endProcess(record)) killed.push(record.name)
  }
  return killed
}

async function endProcess(record: ProcessRecord): Promise<boolean> {
  let hadToKill = false
  if (isRunning(record)) {
    send(record.pid, record.stopSignal)
    if (!(await goneWithin(record, record.stopWaitMs))) {
      hadToKill = true
      // Identity again: the process may have ended by itself between the last look and now.
      if (isRunning(record)) send(record.pid, 'SIGKILL')
      await goneWithin(record, KILL_WAIT_MS)
    }
  }
  for (const member of sessionMembers(record)) send(member.pid, 'SIGKILL')
  return hadToKill
}

/** Waits until a process has ended, at most `waitMs` milliseconds; false when it is running still. */
export async function goneWithin(
  record: Pick<ProcessRecord, 'pid' | 'birth'>,
  waitMs: number,
): Promise<boolean> {
  const deadline = Date.now() + waitMs
  while (isRunning(record)) {
    if (Date.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
