import { readFileSync } from 'node:fs'
import { type FaultKind, HEALS_ITSELF } from './kind.ts'

/** What runs an agent's program, apart from everything else. */
const SANDBOX = 'bwrap'

/** SIGKILL to a sandbox in which some agent's program runs. */
export const killSandbox: FaultKind = {
  name: 'kill sandbox',
  weight: 3,
  targets: () => ['whichever sandbox'],
  plan: random => ({ lastsMs: 0, detail: { place: random.below(1_000) } }),
  async inject({ detail }, { stage }) {
    const running = stage.cast.workers.flatMap(name => stage.part(name).processIds().filter(isSandbox))
    const pid = running[Number(detail.place) % running.length]
    if (pid === undefined) return { missed: 'no program is running' }
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      return { missed: 'the program has just ended' }
    }
    return { heal: HEALS_ITSELF }
  },
}

function isSandbox(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === SANDBOX
  } catch {
    return false
  }
}
