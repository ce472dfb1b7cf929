import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultPlan } from '../schedule.ts'
import { type ArmedPoint, POINT_NAMES, type PointName } from '../worker/point-names.ts'
import type { FaultKind, Injection, Target } from './kind.ts'

/** A point that is not reached in this time is not waited for: the worker has no such work just now. */
const REACH_WAIT_MS = 5_000
const LOOK_INTERVAL_MS = 20
/** A statement or message of so many, by chance. */
const PASSES_BELOW: Partial<Record<PointName, number>> = {
  'amid-settlement': 18,
  'amid-admission': 8,
  'amid-publishing': 12,
}

/** A worker ends itself, or stands still, at a named point of its work. */
export const atPoint: FaultKind = {
  name: 'point',
  weight: 8,
  targets: cast => cast.workers,
  plan(random) {
    const point = random.pick(POINT_NAMES)
    const signal = random.chance(0.7) ? 'SIGKILL' : 'SIGSTOP'
    const lastsMs = signal === 'SIGKILL' ? random.below(1_500) : random.between(500, 8_000)
    return { lastsMs, detail: { point, signal, passes: random.below(PASSES_BELOW[point] ?? 1) } }
  },
  inject: reachPoint,
}

/** The publisher stands still with messages under way for longer than NATS knows duplicates, and goes on after that. */
export function frozenPublisher(duplicateWindowMs: number): FaultKind {
  return {
    name: 'frozen publisher',
    weight: 1,
    isLong: true,
    targets: cast => cast.workers,
    plan(random) {
      const lastsMs = duplicateWindowMs + HEARTBEAT_LOST_MS + random.below(5_000)
      const passes = random.below(PASSES_BELOW['amid-publishing']!)
      return { lastsMs, detail: { point: 'amid-publishing', signal: 'SIGSTOP', passes } }
    },
    inject: reachPoint,
  }
}

/** After this long Temporal has given the publisher's work to another worker. */
const HEARTBEAT_LOST_MS = 10_000

async function reachPoint({ target, detail }: FaultPlan, { stage }: Target): Promise<Injection> {
  const part = stage.part(target)
  const id = `${target}/${part.starts()}/${performance.now()}`
  const signal = detail.signal as ArmedPoint['signal']
  const armed: ArmedPoint = { id, point: detail.point as PointName, passes: Number(detail.passes), signal }
  part.expectDeath(signal === 'SIGKILL')
  part.tell({ arm: armed })
  const until = Date.now() + REACH_WAIT_MS
  while (!hasReached(stage.home, target, id)) {
    if (Date.now() > until) {
      part.tell({ arm: null })
      part.expectDeath(false)
      return { missed: `${detail.point} was not reached` }
    }
    await delay(LOOK_INTERVAL_MS)
  }
  if (signal === 'SIGSTOP') return { heal: async () => part.thaw() }
  await part.gone()
  return { heal: () => part.whenUp() }
}

function hasReached(home: string, worker: string, id: string): boolean {
  const file = join(home, `${worker}.points`)
  return existsSync(file) && readFileSync(file, 'utf8').includes(`"id":"${id}"`)
}
