/** How an upstream stands at a moment, for one call. */
export interface Candidate {
  /** False: this call has tried it often enough, or will not get anything there. */
  isLeft: boolean
  /** Milliseconds until its circuit lets a call through; 0: now. */
  admitsInMs: number
  /** Milliseconds until it may be tried again after a failure, or as it asked. */
  restMs: number
  /** All the calls it may have at once are under way. */
  isBusy: boolean
}

export type Choice =
  | { kind: 'use'; place: number }
  | { kind: 'wait'; waitMs: number }
  /** None will do before the time is up; `retryAfterMs` is when one might. */
  | { kind: 'none'; retryAfterMs: number }

/** A busy upstream is looked at again after this. */
const BUSY_WAIT_MS = 50

/**
 * The first upstream in order that takes the call now; else how long until one does. Another upstream at once beats the
 * preferred one later. An open circuit is not waited for: its callers are told so within milliseconds.
 */
export function chooseUpstream(candidates: readonly Candidate[], remainingMs: number): Choice {
  const place = candidates.findIndex(
    ({ isLeft, admitsInMs, restMs, isBusy }) => isLeft && admitsInMs <= 0 && restMs <= 0 && !isBusy,
  )
  if (place !== -1) return { kind: 'use', place }
  const waits = candidates
    .filter(({ isLeft, admitsInMs }) => isLeft && admitsInMs <= 0)
    .map(({ restMs, isBusy }) => Math.max(restMs, isBusy ? BUSY_WAIT_MS : 0))
  const waitMs = Math.min(...waits)
  if (waitMs < remainingMs) return { kind: 'wait', waitMs }
  const opens = candidates.map(({ admitsInMs, restMs }) => Math.max(admitsInMs, restMs))
  return { kind: 'none', retryAfterMs: Math.min(...opens) }
}
