import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { birthOf, ownIdentity } from '../../setup/process-identity.mjs'
import type { ProcessRecord } from './process-record.ts'

const GUARDIAN_WAIT_MS = 120_000

/** A process that ends what its supervisor has started when the supervisor is gone, however that came about. */
export interface Guardian {
  records: ProcessRecord[]
  /** Tells it everything that is running now. */
  tell: (processes: readonly ProcessRecord[]) => void
  /** Sends it away: what is still running is left alone. */
  dismiss: () => Promise<void>
}

/** Starts the guardian of what this process will start in `home`. */
export function startGuardian(home: string): Guardian {
  const { pid, birth } = ownIdentity()
  const script = fileURLToPath(new URL('./guardian.ts', import.meta.url))
  const args = ['--disable-warning=ExperimentalWarning', script, home, String(pid), birth]
  const child = spawn(process.execPath, args, {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise<void>(resolve => {
    child.on('exit', () => resolve())
    child.on('error', () => resolve())
  })
  child.stdin.on('error', () => {})
  const record = {
    name: 'guardian',
    pid: child.pid ?? 0,
    birth: birthOf(child.pid ?? 0) ?? 'ended',
    // It goes when its work is done, not when it is asked to.
    stopSignal: 'SIGTERM' as const,
    stopWaitMs: GUARDIAN_WAIT_MS,
    log: '',
  }
  return {
    records: child.pid === undefined ? [] : [record],
    tell: processes => child.stdin.write(`${JSON.stringify(processes)}\n`),
    dismiss: () => {
      child.stdin.end('[]\n')
      return ended
    },
  }
}
