import type { FaultKind } from './kind.ts'
import { cut, slow, stall, throttle } from './lines.ts'
import { atPoint, frozenPublisher } from './points.ts'
import { freeze, kill, killBackend, restart } from './processes.ts'
import { reset, terminate } from './workflows.ts'

/** Every kind of fault. */
export function faultKinds(duplicateWindowMs: number): FaultKind[] {
  return [
    kill,
    freeze,
    restart,
    killBackend,
    cut,
    stall,
    slow,
    throttle,
    terminate,
    reset,
    atPoint,
    frozenPublisher(duplicateWindowMs),
  ]
}
