import { CircuitState, type IBreaker } from 'cockatiel'

interface Count {
  calls: number
  failures: number
}

/** A second's calls to an upstream, all of them and by who made them. */
interface Second extends Count {
  second: number
  by: Map<string, Count>
}

/** In one second so many callers are told apart; those beyond are counted together. */
const CALLERS_MAX = 100
const EVERYBODY_ELSE = ''

/**
 * Opens a circuit when, of the calls of the last `windowSeconds`, at least `minimumCalls`, a share of `failureRatio` or
 * more failed. Not by the failures of one caller alone, which its own requests may have provoked: where others called, too,
 * since those began, as large a share of theirs must have failed. cockatiel's own sampling forgets only as new calls
 * come: after a quiet hour it still counts the failures before it, so this one looks at the clock.
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
    return sum(this.state).failures
  }

  /** Counts a call of `who`; whether that opens a circuit is asked afterwards. */
  count(who: string, isFailure: boolean): void {
    const second = Math.floor(this.#nowMs() / 1_000)
    const oldest = second - this.#rule.windowSeconds
    while (this.state[0] !== undefined && this.state[0].second <= oldest) this.state.shift()
    let last = this.state.at(-1)
    if (last?.second !== second) {
      last = { second, calls: 0, failures: 0, by: new Map() }
      this.state.push(last)
    }
    const name = last.by.has(who) || last.by.size < CALLERS_MAX ? who : EVERYBODY_ELSE
    const own = last.by.get(name) ?? { calls: 0, failures: 0 }
    last.by.set(name, own)
    for (const one of [last, own]) {
      one.calls += 1
      one.failures += isFailure ? 1 : 0
    }
  }

  success(circuit: CircuitState): void {
    if (circuit === CircuitState.HalfOpen) this.state = []
  }

  failure(circuit: CircuitState): boolean {
    if (circuit !== CircuitState.Closed) return true
    const all = sum(this.state)
    if (all.calls < this.#rule.minimumCalls || !this.#isTooMuch(all)) return false
    const others = this.#othersSinceTheWorst()
    return others.calls === 0 || this.#isTooMuch(others)
  }

  #isTooMuch({ calls, failures }: Count): boolean {
    return failures >= this.#rule.failureRatio * calls
  }

  /** The calls of all but the caller with the most failures, since the first of those. */
  #othersSinceTheWorst(): Count {
    const failuresOf = new Map<string, number>()
    for (const { by } of this.state) {
      for (const [who, { failures }] of by) failuresOf.set(who, (failuresOf.get(who) ?? 0) + failures)
    }
    failuresOf.delete(EVERYBODY_ELSE)
    const [worst] = [...failuresOf].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0])
    const begins = this.state.findIndex(({ by }) => (by.get(worst)?.failures ?? 0) > 0)
    const since = this.state.slice(Math.max(begins, 0))
    return sum(since.flatMap(({ by }) => [...by].flatMap(([who, count]) => (who === worst ? [] : [count]))))
  }
}

function sum(counts: readonly Count[]): Count {
  return {
    calls: counts.reduce((calls, one) => calls + one.calls, 0),
    failures: counts.reduce((failures, one) => failures + one.failures, 0),
  }
}
