/** A market's pauses: what the finished ones add up to, and since when it is paused now. */
export interface Pauses {
  pausedMs: number
  pausedAtMs: number | null
}

/**
 * How much of the time up to `atMs` a market spent paused. Its own clock, by which prices age and move, is Postgres's
 * less this.
 */
export function pausedUpToMs({ pausedMs, pausedAtMs }: Pauses, atMs: number): number {
  return pausedMs + (pausedAtMs === null ? 0 : Math.max(0, atMs - pausedAtMs))
}
