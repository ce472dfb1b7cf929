import { setTimeout as delay } from 'node:timers/promises'
import { lockHolder } from '../../setup/lock.mjs'
import { isRunning } from '../../setup/process-identity.mjs'
import { readStackProcesses, supervisorLock } from '../../shared/config/stack-state.ts'

const POLL_MS = 50
const GRACE_MS = 90_000
const KILLED_MS = 60_000

/** Whether the stack in a home has ended, in words for people. */
export interface StopOutcome {
  ok: boolean
  wasUp: boolean
  message: string
}

/**
 * Asks the stack in `home` to end and waits until all of its processes have. A supervisor that does not within
 * its bound is killed, whereupon its guardian ends the rest.
 */
export async function stopStackProcess(home: string): Promise<StopOutcome> {
  const supervisor = lockHolder(supervisorLock(home))
  const processes = readStackProcesses(home)
  const someRun = () => [...(supervisor ? [supervisor] : []), ...processes].some(isRunning)
  if (!someRun()) return { ok: true, wasUp: false, message: `No stack is up in ${home}.` }
  if (supervisor) process.kill(supervisor.pid, 'SIGTERM')
  if (await holdsWithin(() => !someRun(), GRACE_MS)) {
    return { ok: true, wasUp: true, message: `The stack in ${home} has ended; its data stays.` }
  }
  if (supervisor && isRunning(supervisor)) process.kill(supervisor.pid, 'SIGKILL')
  if (await holdsWithin(() => !someRun(), KILLED_MS)) {
    return { ok: true, wasUp: true, message: `The stack in ${home} had to be killed; its data stays.` }
  }
  const left = processes.filter(isRunning).map(({ name, pid }) => `${name} (${pid})`)
  return { ok: false, wasUp: true, message: `Still running: ${left.join(', ')}. End them by hand.` }
}

async function holdsWithin(condition: () => boolean, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs
  while (!condition()) {
    if (Date.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}
