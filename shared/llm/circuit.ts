import { CircuitState, circuitBreaker, handleType } from 'cockatiel'
import { FailureWindow } from './failure-window.ts'
import type { CircuitConfig } from './llm-config.ts'

/** A circuit is half open while its one probe is under way. */
export type CircuitStatus = 'closed' | 'open' | 'half_open'

export interface CircuitChange {
  status: CircuitStatus
  /** Failed calls in the window when it opened, else 0. */
  failures: number
}

/** The right to make one call; exactly one of its methods is to be called, further calls do nothing. */
export interface Permit {
  /** The only call while the circuit is half open: its outcome decides. */
  isProbe: boolean
  succeeded(): void
  failed(): void
  /** The call ended for reasons that say nothing about the upstream. A probe that proved nothing leaves it open. */
  abandoned(): void
}

/** The circuit breaker of one upstream in one process. */
export interface Circuit {
  status(): CircuitStatus
  /** Milliseconds until a call may be tried: 0 when one may now. */
  admitsInMs(): number
  /** Asks for a call of `who`. Null: the circuit is open, or another call is its probe. */
  enter(who: string): Permit | null
}

class CallFailed extends Error {}
class CallAbandoned extends Error {}

const STATUS: Record<CircuitState, CircuitStatus> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Isolated]: 'open',
}

/** What a caller is told to wait while a probe is out: how long it takes is not known. */
const PROBE_WAIT_MS = 1_000

/**
 * A circuit on cockatiel's state machine, which reads `Date.now`. It is never waited for: cockatiel lets calls queue
 * behind a probe, which for a call to a model may take minutes, so `enter` asks for the state first. Nothing is
 * awaited between the question and the call, so there is one probe however many callers there are.
 */
export function createCircuit(rule: CircuitConfig, onChange: (change: CircuitChange) => void): Circuit {
  const openMs = rule.openSeconds * 1_000
  const breaker = new FailureWindow(rule, Date.now)
  const policy = circuitBreaker(handleType(CallFailed), { halfOpenAfter: openMs, breaker })
  let openedAtMs = 0
  policy.onStateChange(state => {
    if (state === CircuitState.Open) openedAtMs = Date.now()
    onChange({ status: STATUS[state], failures: state === CircuitState.Open ? breaker.failures : 0 })
  })

  const circuit: Circuit = {
    status: () => STATUS[policy.state],
    admitsInMs() {
      if (policy.state === CircuitState.Closed) return 0
      if (policy.state === CircuitState.HalfOpen) return PROBE_WAIT_MS
      return Math.max(0, openedAtMs + openMs - Date.now())
    },
    enter(who) {
      if (circuit.admitsInMs() > 0) return null
      const isProbe = policy.state !== CircuitState.Closed
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      void policy.execute(() => promise).catch(() => {})
      let isOver = false
      const end = (act: () => void) => {
        if (!isOver) act()
        isOver = true
      }
      const fail = () => {
        breaker.count(who, true)
        reject(new CallFailed())
      }
      return {
        isProbe,
        succeeded: () =>
          end(() => {
            breaker.count(who, false)
            resolve()
          }),
        failed: () => end(fail),
        abandoned: () => end(isProbe ? fail : () => reject(new CallAbandoned())),
      }
    },
  }
  return circuit
}
