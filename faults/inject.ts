import { setTimeout as delay } from 'node:timers/promises'
import type { InjectedFault } from './evidence.ts'
import type { FaultKind, Target } from './kinds/kind.ts'
import { describeFault, type FaultPlan, type Wave } from './schedule.ts'

/** A wave does not wait longer than this for a part that comes up again: the next goes on beside it. */
const HEAL_PATIENCE_MS = 2_000
/** A fault that cannot be undone in this time has broken the run itself. */
const HEAL_WAIT_MS_MAX = 120_000

export interface Injector {
  faults: InjectedFault[]
  /** Injects a wave's faults and waits until those that are not long are undone, or take their time for that. */
  run(wave: Wave): Promise<void>
  /** Undoes what is long at once and waits until it is. */
  finish(): Promise<void>
}

/** Injects faults as they were planned. */
export function openInjector(
  kinds: readonly FaultKind[],
  within: Omit<Target, 'over'>,
  onProgress: (text: string) => void,
): Injector {
  const faults: InjectedFault[] = []
  const busy = new Set<string>()
  const over = new AbortController()
  const target: Target = { ...within, over: over.signal }
  const underWay = new Set<Promise<void>>()

  /** `onHealing` is called when its time is up. */
  async function inject(
    wave: number,
    plan: FaultPlan,
    kind: FaultKind,
    onHealing: () => void,
  ): Promise<void> {
    const { target: name, detail } = plan
    const fault: InjectedFault = {
      ...{ wave, kind: plan.kind, target: name, detail },
      ...{ injectedMs: null, healedMs: null, note: null },
    }
    faults.push(fault)
    await wait(plan.afterMs)
    if (over.signal.aborted || busy.has(name)) {
      fault.note = over.signal.aborted ? 'the run was over' : 'it was being hit already'
      return
    }
    busy.add(name)
    let held: readonly string[] = [name]
    try {
      const injection = await kind.inject(plan, target)
      if ('missed' in injection) {
        fault.note = injection.missed
        onProgress(`  ${describeFault(plan)}: missed (${injection.missed})`)
        return
      }
      if (injection.hit) {
        // Whoever was hit is left alone until it is undone; the next may be hit meanwhile.
        held = injection.hit
        busy.delete(name)
        for (const one of held) busy.add(one)
      }
      fault.injectedMs = Date.now()
      fault.note = injection.note ?? null
      onProgress(`  ${describeFault(plan)}`)
      await wait(plan.lastsMs)
      onHealing()
      await inTime(injection.heal(), describeFault(plan))
      fault.healedMs = Date.now()
    } finally {
      for (const one of held) busy.delete(one)
    }
  }

  const wait = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {})

  return {
    faults,
    async run({ number, faults: plans }) {
      const short: Promise<void>[] = []
      for (const plan of plans) {
        const kind = kinds.find(one => one.name === plan.kind)!
        const { promise: healing, resolve: onHealing } = Promise.withResolvers<void>()
        const injecting = inject(number, plan, kind, onHealing)
        underWay.add(injecting)
        void injecting.finally(() => underWay.delete(injecting)).catch(() => {})
        const patience = healing.then(() => wait(HEAL_PATIENCE_MS))
        if (!kind.isLong) short.push(Promise.race([injecting, patience]))
      }
      await Promise.all(short)
    },
    async finish() {
      over.abort()
      await Promise.all(underWay)
    },
  }
}

async function inTime(healing: Promise<void>, fault: string): Promise<void> {
  const late = delay(HEAL_WAIT_MS_MAX, 'late' as const, { ref: false })
  if ((await Promise.race([healing, late])) === 'late')
    throw new Error(`not undone within ${HEAL_WAIT_MS_MAX / 1000} s: ${fault}`)
}
