import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * A process id alone names nothing for long: the system hands it out again.
 * Together with the moment of birth it names one process for ever.
 */

/**
 * The birth mark of the process with this id, or undefined when no such process is running.
 * A process that has ended but was not yet collected by its parent counts as not running.
 */
export function birthOf(pid) {
  return process.platform === 'linux' ? birthFromProc(pid) : birthFromPs(pid)
}

/** True when exactly this process, not a later one with the same id, is running. */
export function isRunning({ pid, birth }) {
  return birth !== undefined && birthOf(pid) === birth
}

/** This process's own id and birth mark. */
export function ownIdentity() {
  return { pid: process.pid, birth: birthOf(process.pid) }
}

/**
 * The running processes of the session that the process `leader` began, the leader itself left out.
 * Empty when the leader's id has meanwhile been given to another process.
 */
export function sessionMembers(leader) {
  if (process.platform !== 'linux') return []
  const birthNow = birthOf(leader.pid)
  if (birthNow !== undefined && birthNow !== leader.birth) return []
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => ({ pid: Number(name), stat: readStat(name) }))
    .filter(({ pid, stat }) => pid !== leader.pid && stat?.session === leader.pid && stat.state !== 'Z')
    .map(({ pid, stat }) => ({ pid, birth: markOf(stat) }))
}

/** Reads the fields Bourse needs from a line of /proc/<pid>/stat; the name in it may hold spaces and brackets. */
export function parseStat(line) {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], session: Number(fields[3]), startTicks: fields[19] }
}

function readStat(pid) {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

function birthFromProc(pid) {
  const stat = readStat(pid)
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? markOf(stat) : undefined
}

// Ticks count from the machine's start, so the mark also says which start.
function markOf(stat) {
  return `${stat.startTicks}@${bootId()}`
}

let bootIdRead
function bootId() {
  bootIdRead ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8)
  return bootIdRead
}

function birthFromPs(pid) {
  try {
    const output = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    const [state, ...start] = output.split(/\s+/)
    return state && !state.startsWith('Z') ? start.join(' ') : undefined
  } catch {
    return undefined
  }
}
