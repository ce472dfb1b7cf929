/** Time and chance as the core sees them. */
export interface LlmClock {
  /** Milliseconds that only go forward. */
  monotonicMs(): number
  /** Milliseconds since 1970, for dates that upstreams tell. */
  wallMs(): number
  /** Acts after so long, unless the function given back is called first. */
  after(ms: number, act: () => void): () => void
  /** From 0 to below 1. */
  random(): number
}

export const systemClock: LlmClock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  random: Math.random,
}

/** Resolves after so long, or at once when the signal aborts. */
export function sleep(clock: LlmClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const finish = () => {
      cancel()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(ms, finish)
    signal.addEventListener('abort', finish, { once: true })
  })
}
