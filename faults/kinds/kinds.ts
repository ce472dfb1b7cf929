import type { FaultKind } from './kind.ts'
import { cut, slow, stall, throttle } from './lines.ts'
import { atPoint, frozenPublisher } from './points.ts'
import { freeze, kill, killBackend, restart } from './processes.ts'
import { killSandbox } from './sandboxes.ts'
import { reset, terminate } from './workflows.ts'

/** A run goes on when its workers have not come to a point in this time. */
const REACH_WAIT_MS = 5_000

/** Every kind of fault, on a stage whose NATS knows duplicates for so long. */
export function faultKinds(duplicateWindowMs: number, reachWaitMs = REACH_WAIT_MS): FaultKind[] {
  return [
    kill,
    freeze,
    restart,
    killBackend,
    killSandbox,
    cut,
    stall,
    slow,
    throttle,
    terminate,
    reset,
    atPoint(reachWaitMs),
    frozenPublisher(duplicateWindowMs, reachWaitMs),
  ]
}
