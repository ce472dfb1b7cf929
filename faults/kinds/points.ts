import { setTimeout as delay } from 'node:timers/promises'
import type { FaultPlan } from '../schedule.ts'
import { type ArmedPoint, POINT_NAMES, type PointName } from '../worker/point-names.ts'
import { readReached } from '../worker/reached-points.ts'
import type { FaultKind, Injection, Target } from './kind.ts'

const LOOK_INTERVAL_MS = 20
/** After this long Temporal has given a frozen publisher's work to another worker. */
const HEARTBEAT_LOST_MS = 10_000
/** A statement or message of so many, by chance. */
const PASSES_BELOW: Partial<Record<PointName, number>> = {
  'amid-settlement': 18,
  'amid-admission': 8,
  'amid-publishing': 12,
}

/**
 * The first worker that gets to a named point of its work ends itself there, or stands still. A point that none
 * reaches in `waitMs` is missed: there is no such work just now.
 */
export function atPoint(waitMs: number): FaultKind {
  return {
    name: 'point',
    weight: 8,
    targets: () => ['whichever worker'],
    plan(random) {
      const point = random.pick(POINT_NAMES)
      const signal = random.chance(0.7) ? 'SIGKILL' : 'SIGSTOP'
      const lastsMs = signal === 'SIGKILL' ? random.below(1_500) : random.between(500, 8_000)
      return { lastsMs, detail: detailOf(point, signal, random.below(PASSES_BELOW[point] ?? 1)) }
    },
    inject: (plan, target) => reachPoint(plan, target, waitMs),
  }
}

/** The publisher stands still with messages under way for longer than NATS knows duplicates, and goes on after that. */
export function frozenPublisher(duplicateWindowMs: number, waitMs: number): FaultKind {
  return {
    name: 'frozen publisher',
    weight: 1,
    isLong: true,
    targets: () => ['whichever publisher'],
    plan(random) {
      const lastsMs = duplicateWindowMs + HEARTBEAT_LOST_MS + random.below(5_000)
      const passes = random.below(PASSES_BELOW['amid-publishing']!)
      return { lastsMs, detail: detailOf('amid-publishing', 'SIGSTOP', passes) }
    },
    inject: (plan, target) => reachPoint(plan, target, waitMs),
  }
}

/** What a planned point says; with a market, it is only a point of that market's work. */
export function detailOf(
  point: PointName,
  signal: ArmedPoint['signal'],
  passes: number,
  market?: string,
): { point: PointName; signal: ArmedPoint['signal']; passes: number; market?: string } {
  return { point, signal, passes, ...(market === undefined ? {} : { market }) }
}

let armings = 0

async function reachPoint(
  { detail }: FaultPlan,
  { stage, over }: Target,
  waitMs: number,
): Promise<Injection> {
  const { point, signal, passes, market } = detail as ReturnType<typeof detailOf>
  armings += 1
  const id = `${process.pid}/${armings}`
  const workers = stage.cast.workers.map(name => stage.part(name))
  const armed: ArmedPoint = { id, point, passes, signal, ...(market === undefined ? {} : { market }) }
  for (const worker of workers) worker.tell({ arm: armed })
  const until = Date.now() + waitMs
  const there = () => workers.filter(({ name }) => readReached(stage.home, name).some(one => one.id === id))
  while (there().length === 0 && Date.now() < until && !over.aborted) await delay(LOOK_INTERVAL_MS)
  for (const worker of workers) worker.tell({ arm: null })
  const reached = there()
  if (reached.length === 0) return { missed: `no worker came to ${point}` }
  if (signal === 'SIGKILL') await Promise.all(reached.map(worker => worker.gone()))
  return {
    hit: reached.map(({ name }) => name),
    note: reached.map(({ name }) => name).join(', '),
    async heal() {
      for (const worker of reached) {
        if (signal === 'SIGSTOP') worker.thaw()
        else await worker.whenUp()
      }
    },
  }
}
