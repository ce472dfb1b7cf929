import { CircuitState, type IBreaker } from 'cockatiel'

/** A second's calls to an upstream. */
interface Second {
  second: number
  calls: number
  failures: number
}

/**
 * Opens a circuit when, of the calls of the last `windowSeconds`, at least `minimumCalls`, a share of `failureRatio` or
 * more failed. cockatiel's own sampling forgets only as new calls come: after a quiet hour it still counts the
 * failures before it, so this one looks at the clock.
 */
export class FailureWindow implements IBreaker {
  /** Seconds with calls, the oldest first; at most one for each second of the window. */
  state: Second[] = []
  readonly #rule: { windowSeconds: number; minimumCalls: number; failureRatio: number }
  readonly #nowMs: () => number

  constructor(
    rule: { windowSeconds: number; minimumCalls: number; failureRatio: number },
    nowMs: () => number,
  ) {
    this.#rule = rule
    this.#nowMs = nowMs
  }

  /** Failures that the window knows of. */
  get failures(): number {
    return this.state.reduce((sum, { failures }) => sum + failures, 0)
  }

  success(circuit: CircuitState): void {
    if (circuit === CircuitState.HalfOpen) this.state = []
    this.#count(0)
  }

  failure(circuit: CircuitState): boolean {
    this.#count(1)
    if (circuit !== CircuitState.Closed) return true
    const calls = this.state.reduce((sum, one) => sum + one.calls, 0)
    return calls >= this.#rule.minimumCalls && this.failures >= this.#rule.failureRatio * calls
  }

  #count(failures: number): void {
    const second = Math.floor(this.#nowMs() / 1_000)
    const oldest = second - this.#rule.windowSeconds
    while (this.state[0] !== undefined && this.state[0].second <= oldest) this.state.shift()
    const last = this.state.at(-1)
    if (last?.second === second) {
      last.calls += 1
      last.failures += failures
    } else this.state.push({ second, calls: 1, failures })
  }
}
