import { setTimeout as delay } from 'node:timers/promises'
import { isRunning } from '../../setup/process-identity.mjs'
import { type Part, type PartSpec, startPart, waitUntilReady } from '../../workers/stack/part.ts'
import type { ProcessRecord } from '../../workers/stack/process-record.ts'
import { descendantsOf } from './descendants.ts'

/** A part that is started again whenever it has ended. */
export interface ManagedPart {
  name: string
  /** Kills all its processes at once; it is started again after so many milliseconds. */
  kill(downMs: number): Promise<void>
  /** Asks it to end; it is started again after so many milliseconds. */
  restart(downMs: number): Promise<void>
  /** Stops all its processes where they stand, until they are thawed. */
  freeze(): void
  thaw(): void
  /** Sends a message to a part that has a channel. */
  tell(message: object): void
  /** Every process of it that is running now. */
  processIds(): number[]
  /** The start now running or last ended, counted from 1. */
  starts(): number
  /** Resolves when it is up; at once when it is. */
  whenUp(): Promise<void>
  isUp(): boolean
  /** Resolves when the start that is running now has ended. */
  gone(): Promise<void>
  /** Starts it no more. */
  retire(): void
  record(): ProcessRecord | null
  /** Ends that nobody had asked for. */
  strangeDeaths: StrangeDeath[]
}

export interface StrangeDeath {
  part: string
  at: string
  how: string
  /** False when it ended before it was up: what it needs was not there yet. */
  wasUp: boolean
}

export interface ManagedSpec {
  name: string
  prepare: () => PartSpec | Promise<PartSpec>
  /** Makes the probe of a start that has just begun. */
  readiness: (part: Part) => () => Promise<boolean>
  /** True of a process that ended itself because it was told to. */
  wasToldToEnd?: (pid: number) => boolean
}

const READY_WAIT_MS = 300_000
const AGAIN_MS = 250
const POLL_MS = 20

/** Starts a part and keeps it running until it is retired; `onChange` is called at every start. */
export function keepRunning(
  spec: ManagedSpec,
  onChange: () => void,
  onProgress: (text: string) => void,
): ManagedPart {
  let part: Part | null = null
  let up = false
  let isRetired = false
  let expectsDeath = false
  let downMs = 0
  let starts = 0
  let waiting: (() => void)[] = []
  const strangeDeaths: StrangeDeath[] = []

  void run()

  async function run() {
    while (!isRetired) {
      try {
        const prepared = await spec.prepare()
        if (isRetired) return
        const started = startPart(prepared)
        part = started
        starts += 1
        onChange()
        const probe = spec.readiness(started)
        const ready = waitUntilReady(started, probe, READY_WAIT_MS).then(() => {
          if (started.hasExited()) return
          up = true
          for (const resolve of waiting.splice(0)) resolve()
        })
        ready.catch(() => {})
        const exit = await started.exit
        const isStrange = !expectsDeath && !spec.wasToldToEnd?.(started.record.pid)
        if (isStrange && !isRetired) {
          const how = exit.signal ?? `exit code ${exit.code}`
          strangeDeaths.push({ part: spec.name, at: new Date().toISOString(), how, wasUp: up })
          onProgress(`${spec.name} has ended by itself (${how}${up ? '' : ', while starting'})`)
        }
      } catch (error) {
        onProgress(`${spec.name} could not be started: ${(error as Error).message.split('\n')[0]}`)
      }
      up = false
      expectsDeath = false
      await delay(Math.max(downMs, AGAIN_MS))
      downMs = 0
    }
  }

  function processIds(): number[] {
    if (part === null || !isRunning(part.record)) return []
    const { pid } = part.record
    return [pid, ...descendantsOf(pid)]
  }

  function signalAll(signal: NodeJS.Signals) {
    for (const pid of processIds()) send(pid, signal)
  }

  async function gone() {
    const ended = part
    while (ended !== null && part === ended && !ended.hasExited()) await delay(POLL_MS)
  }

  return {
    name: spec.name,
    async kill(ms) {
      expectsDeath = true
      downMs = ms
      up = false
      signalAll('SIGKILL')
      await gone()
    },
    async restart(ms) {
      expectsDeath = true
      downMs = ms
      up = false
      if (part !== null && isRunning(part.record)) send(part.record.pid, part.record.stopSignal)
      const late = setTimeout(() => signalAll('SIGKILL'), part?.record.stopWaitMs ?? 0)
      await gone()
      clearTimeout(late)
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    tell(message) {
      if (part?.child.connected) part.child.send(message, () => {})
    },
    processIds,
    starts: () => starts,
    async whenUp() {
      if (!up) await new Promise<void>(resolve => waiting.push(resolve))
    },
    isUp: () => up,
    gone,
    retire() {
      isRetired = true
      waiting = []
    },
    record: () => part?.record ?? null,
    strangeDeaths,
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
