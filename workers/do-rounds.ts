import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../shared/telemetry/log.ts'

/** Work beside everything else that is done round after round. */
export interface Rounds {
  /** One round; answers in how many milliseconds the next is due. */
  round: () => Promise<number>
  /** What is logged when a round fails. */
  trouble: string
  /** In so many milliseconds it is tried again. */
  afterTroubleMs: number
  log: Logger
}

/** Until `signal` aborts, does one round after another; one that fails is logged, and the next is tried in its time. */
export async function doRounds(
  { round, trouble, afterTroubleMs, log }: Rounds,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let waitMs = afterTroubleMs
    try {
      waitMs = await round()
    } catch (error) {
      log.warn({ err: error }, trouble)
    }
    await delay(waitMs, undefined, { signal }).catch(() => {})
  }
}
