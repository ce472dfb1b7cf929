import { createInterface } from 'node:readline'
import { releaseLock } from '../../setup/lock.mjs'
import { isRunning, sessionMembers } from '../../setup/process-identity.mjs'
import { supervisorLock } from '../../shared/config/stack-state.ts'
import { endProcesses, goneWithin } from './end-processes.ts'
import { removeOwnFiles } from './home.ts'
import { type ProcessRecord, parseRecords } from './process-record.ts'
import { recordStackEnd } from './stack-end.ts'

/**
 * Outlives its supervisor on purpose. The supervisor tells it over a pipe what it has started; when the pipe
 * closes, however that came about, the guardian ends whatever of it is still running.
 * Arguments: the home, the supervisor's process id and birth mark.
 */
const [home = '', supervisorPid = '', supervisorBirth = ''] = process.argv.slice(2)
const supervisor = { pid: Number(supervisorPid), birth: supervisorBirth }

const SUPERVISOR_GONE_WAIT_MS = 5_000

let records: ProcessRecord[] = []

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const lines = createInterface({ input: process.stdin })
lines.on('line', line => {
  records = parseRecords(line) ?? records
})
lines.on('close', async () => {
  await endProcesses(records)
  // A dying process closes its pipes a moment before the system counts it as ended.
  if (records.length > 0 && (await goneWithin(supervisor, SUPERVISOR_GONE_WAIT_MS)))
    recordStackEnd(home, 'The supervisor itself was killed; the guardian ended what it had started.')
  // What the supervisor ran for itself, a build or the making of a database, is in its own session.
  for (const helper of isRunning(supervisor) ? [] : sessionMembers(supervisor)) {
    try {
      process.kill(helper.pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  removeOwnFiles(home, supervisor)
  releaseLock(supervisorLock(home), supervisor)
})
