import type { Cast } from './cast.ts'
import { type Random, seededRandom } from './random.ts'

/** One fault as it is planned: what is done to whom, when within its wave, for how long. */
export interface FaultPlan {
  kind: string
  target: string
  afterMs: number
  lastsMs: number
  /** What the kind needs besides: a delay, a point's name. */
  detail: Record<string, string | number>
}

/** Faults that overlap, then a calm in which everything can recover. */
export interface Wave {
  number: number
  faults: FaultPlan[]
  calmMs: number
}

/** What the schedule must know of a kind of fault. */
export interface PlannedKind {
  name: string
  /** How often it is chosen, beside the others. */
  weight: number
  targets: (cast: Cast) => readonly string[]
  plan: (random: Random, target: string) => Pick<FaultPlan, 'lastsMs' | 'detail'>
  /** It outlasts its wave: the next waves go on beside it and leave its target alone. */
  isLong?: true
}

/** How many faults a wave has; every tenth has none, so that calm is seen too. */
const FAULTS_IN_A_WAVE = [0, 1, 1, 2, 2, 2, 3, 3, 4, 5]
const START_WITHIN_MS = 1_500
const CALM_MS = { low: 500, high: 2_500 }
/** A target that was hit for long is left alone for this long after its planned end: waves take longer than planned. */
const REST_AFTER_LONG_MS = 20_000

/** The waves of a seed, for ever: the same seed, kinds and cast give the same waves. */
export function* schedule(seed: string, kinds: readonly PlannedKind[], cast: Cast): Generator<Wave, never> {
  const random = seededRandom(seed)
  const restsUntilMs = new Map<string, number>()
  let nowMs = 0
  for (let number = 1; ; number++) {
    const faults: FaultPlan[] = []
    for (let wanted = random.pick(FAULTS_IN_A_WAVE); wanted > 0; wanted--) {
      const isTaken = (target: string) =>
        faults.some(fault => fault.target === target) || (restsUntilMs.get(target) ?? 0) > nowMs
      const kind = pickKind(random, kinds, cast, isTaken)
      if (kind === null) break
      const target = random.pick(kind.targets(cast).filter(one => !isTaken(one)))
      const afterMs = random.below(START_WITHIN_MS)
      const fault = { kind: kind.name, target, afterMs, ...kind.plan(random, target) }
      faults.push(fault)
      if (kind.isLong) restsUntilMs.set(target, nowMs + endOf(fault) + REST_AFTER_LONG_MS)
    }
    const calmMs = random.between(CALM_MS.low, CALM_MS.high)
    const short = faults.filter(fault => !kinds.some(kind => kind.name === fault.kind && kind.isLong))
    nowMs += Math.max(0, ...short.map(endOf)) + calmMs
    yield { number, faults, calmMs }
  }
}

function endOf({ afterMs, lastsMs }: FaultPlan): number {
  return afterMs + lastsMs
}

function pickKind(
  random: Random,
  kinds: readonly PlannedKind[],
  cast: Cast,
  isTaken: (target: string) => boolean,
): PlannedKind | null {
  const possible = kinds.filter(kind => kind.targets(cast).some(target => !isTaken(target)))
  let place = random.below(possible.reduce((sum, kind) => sum + kind.weight, 0))
  for (const kind of possible) {
    place -= kind.weight
    if (place < 0) return kind
  }
  return null
}

/** The wave as a person reads it. */
export function describeWave({ number, faults, calmMs }: Wave): string {
  const lines = faults.map(fault => `  +${seconds(fault.afterMs)} s  ${describeFault(fault)}`)
  const what = faults.length === 0 ? ['  nothing'] : lines
  return [`wave ${number}, then ${seconds(calmMs)} s of calm`, ...what].join('\n')
}

/** A planned fault as a person reads it. */
export function describeFault({ kind, target, lastsMs, detail }: FaultPlan): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name} ${value}`)
  const lasts = lastsMs > 0 ? [`for ${seconds(lastsMs)} s`] : []
  return [`${kind} ${target}`, ...lasts, ...facts].join(', ')
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
