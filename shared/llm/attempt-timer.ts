import type { LlmClock } from './llm-clock.ts'
import type { FailureReason } from './upstream-failure.ts'

/** The caller does not wait for its answer any more. */
export class CallerGone extends Error {}

/** An upstream let one of its times pass. */
export class AttemptTimedOut extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, afterMs: number) {
    super(`nothing came within ${Math.round(afterMs)} ms`)
    this.reason = reason
  }
}

/** One for all: making an error costs more than anything else of an attempt's end. */
const IS_OVER = new Error('the attempt is over')

type TimeoutReason = Extract<FailureReason, `${string}_timeout`>

/** The times of one attempt; its signal aborts when one has passed or the caller has gone. */
export interface AttemptTimer {
  signal: AbortSignal
  /** Starts a time, or starts it anew. */
  arm(reason: TimeoutReason, ms: number): void
  disarm(reason: TimeoutReason): void
  /** Ends every time and whatever still listens to the signal. */
  end(): void
}

export function startAttemptTimer(clock: LlmClock, callerSignal: AbortSignal): AttemptTimer {
  const controller = new AbortController()
  const armed = new Map<TimeoutReason, () => void>()
  const onCallerGone = () => controller.abort(new CallerGone('the caller has gone'))
  if (callerSignal.aborted) onCallerGone()
  else callerSignal.addEventListener('abort', onCallerGone, { once: true })

  const disarm = (reason: TimeoutReason) => {
    armed.get(reason)?.()
    armed.delete(reason)
  }
  return {
    signal: controller.signal,
    arm(reason, ms) {
      disarm(reason)
      armed.set(
        reason,
        clock.after(ms, () => controller.abort(new AttemptTimedOut(reason, ms))),
      )
    },
    disarm,
    end() {
      for (const reason of [...armed.keys()]) disarm(reason)
      callerSignal.removeEventListener('abort', onCallerGone)
      controller.abort(IS_OVER)
    },
  }
}
