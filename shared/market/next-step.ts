import type { MarketStatus, NextStep } from '../economy/economy.ts'

/** What decides a market's next step, read under its sequence row's lock; times in milliseconds. */
export interface MarketFacts {
  nowMs: number
  status: MarketStatus
  cycleSeconds: number
  openCycle: number | null
  lastCycle: { number: number; openedAtMs: number } | null
  /** A pending bid that no cycle has considered yet. */
  newBids: boolean
  /** A pending bid was passed over, and supply came back, or prices moved, since its last look. */
  worthAnotherLook: boolean
  /** Earliest end of a lease or of the wait for a service, expiry of a bid, judgement of a life, or telling of folded refusals; null: none. */
  tidyAtMs: number | null
  /** Leases that are active or calls of services that wait: a closed market sees them to their end. */
  commitments: boolean
  publishing: boolean
  unpublished: boolean
  /** Programs are to be started, or paid back because they never were. */
  executionsDue: boolean
}

/** While the publisher or what starts programs runs beside it, an otherwise idle market looks again after this long. */
export const PUBLISHING_WAIT_SECONDS = 5

/**
 * What a market does next. A cycle is due when bids arrived that no cycle has seen, or when bids that were passed
 * over may fit now, and at most once per `cycleSeconds`; bids that cannot fit do not make a market spin.
 */
export function decideNextStep(facts: MarketFacts): NextStep {
  const { nowMs, status, openCycle, lastCycle, tidyAtMs } = facts
  if (tidyAtMs !== null && tidyAtMs <= nowMs) return { step: 'tidy' }
  if (openCycle !== null && status !== 'paused') return { step: 'clear', cycle: openCycle }
  if (status === 'closing') return { step: 'release' }

  const cycleIsDue = status === 'open' && (facts.newBids || facts.worthAnotherLook)
  const notBeforeMs = lastCycle === null ? nowMs : lastCycle.openedAtMs + facts.cycleSeconds * 1000
  if (cycleIsDue && notBeforeMs <= nowMs) return { step: 'clear', cycle: (lastCycle?.number ?? 0) + 1 }

  const untilMs = earliest(tidyAtMs, cycleIsDue ? notBeforeMs : null)
  const seconds = untilMs === null ? null : (untilMs - nowMs) / 1000
  if (cycleIsDue) return { step: 'wait', seconds: seconds! }
  if (facts.publishing || facts.unpublished || facts.executionsDue) {
    // A bid ends the sleep of an open market; one that clears nothing has nothing to be woken for.
    const step = status === 'open' ? 'sleep' : 'wait'
    return { step, seconds: Math.min(seconds ?? PUBLISHING_WAIT_SECONDS, PUBLISHING_WAIT_SECONDS) }
  }
  if (status === 'closed' && !facts.commitments && tidyAtMs === null) return { step: 'closed' }
  return { step: 'sleep', seconds }
}

/** A market at work promises to look again within this time; a sweep reminds one that did not. */
const AT_WORK_SECONDS = 5

/** When a market that takes this step must have looked again; null: never. */
export function secondsUntilNextLook(next: NextStep): number | null {
  if (next.step === 'closed') return null
  return 'seconds' in next ? next.seconds : AT_WORK_SECONDS
}

function earliest(...timesMs: (number | null)[]): number | null {
  const known = timesMs.filter(time => time !== null)
  return known.length === 0 ? null : Math.min(...known)
}
