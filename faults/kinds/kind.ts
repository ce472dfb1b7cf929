import type { FaultPlan, PlannedKind } from '../schedule.ts'
import type { Doors } from '../stage/doors.ts'
import type { Stage } from '../stage/open-stage.ts'

/** One kind of fault: what may be hit, for how long, what is done, and how it is undone. */
export interface FaultKind extends PlannedKind {
  /** Does it; answers how it is undone, or why there was nothing to hit. */
  inject: (plan: FaultPlan, target: Target) => Promise<Injection>
}

/** What a fault is done to: everything that runs, and doors of the fault machine's own, beside the lines. */
export interface Target {
  stage: Stage
  doors: Doors
  /** Aborts when the run is over: then nothing new is hit. */
  over: AbortSignal
}

export type Injection =
  | {
      heal: () => Promise<void>
      note?: string
      /** Who was hit, where the target left that open. */
      hit?: readonly string[]
    }
  | { missed: string }

/** Undone by itself. */
export const HEALS_ITSELF = async () => {}
