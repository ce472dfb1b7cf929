import type { Bindings } from './compare.ts'
import { findMatches, referencesOf } from './match-event.ts'
import type { Matcher } from './matcher.ts'
import type { TrialEvents } from './trial-events.ts'

/** Choices of events that labels may name, times the events of the trial, at most, that one search looks at. */
const LOOKS_MAX = 200_000

export interface TimedSearch {
  events: readonly Matcher[]
  within_ms?: number | undefined
  max_gap_ms?: number | undefined
}

export type SequenceFinding =
  /** The position of the event of each step. */
  | { found: true; indexes: number[] }
  /** How many steps, from the first, can be had in order; `gaveUp`: there was more to try than is tried. */
  | { found: false; stepsFound: number; gaveUp: boolean }

/**
 * Finds events for all steps in order, other events between them, within the time bounds. Of all ways it takes the one
 * whose events that later steps refer to are earliest, the first of them first; then the one whose other events are.
 */
export function findSequence(trial: TrialEvents, search: TimedSearch, bindings: Bindings): SequenceFinding {
  const { events: steps } = search
  const referred = new Set(steps.flatMap(referencesOf))
  let choicesLeft = Math.max(1, Math.floor(LOOKS_MAX / Math.max(1, trial.events.length)))
  let stepsFound = 0

  // What refers to no label is found once, whatever is chosen.
  const fixed = steps.map(step =>
    referencesOf(step).length === 0 ? findMatches(trial, step, bindings).satisfied : null,
  )
  const candidatesOf = (step: number, known: Bindings) =>
    fixed[step] ?? findMatches(trial, steps[step]!, known).satisfied
  const chosen = new Map<number, number>()
  const attempt = (known: Bindings): number[] | null => {
    const choices = steps.map((_, step) =>
      chosen.has(step) ? [chosen.get(step)!] : candidatesOf(step, known),
    )
    stepsFound = Math.max(stepsFound, countSteps(choices))
    return findWay(choices, trial.elapsedMs, search)
  }
  const choose = (from: number, known: Bindings): number[] | null => {
    const step = steps.findIndex(
      ({ label }, index) => index >= from && label !== undefined && referred.has(label),
    )
    if (step === -1) return attempt(known)
    const candidates = candidatesOf(step, known)
    if (candidates.length === 0) return attempt(known)
    for (const index of candidates) {
      if (choicesLeft === 0) return null
      choicesLeft -= 1
      chosen.set(step, index)
      const way = choose(step + 1, new Map([...known, [steps[step]!.label!, trial.events[index]!.data]]))
      chosen.delete(step)
      if (way !== null) return way
    }
    return null
  }

  const indexes = choose(0, bindings)
  if (indexes !== null) return { found: true, indexes }
  return { found: false, stepsFound, gaveUp: choicesLeft === 0 }
}

/** How many steps from the first can be had in order, whatever the time. */
function countSteps(choices: readonly number[][]): number {
  let last = -1
  for (const [step, candidates] of choices.entries()) {
    const next = candidates.find(index => index > last)
    if (next === undefined) return step
    last = next
  }
  return choices.length
}

/** The earliest way through the candidates of each step, in the order of events and within the bounds; null: none. */
function findWay(
  choices: readonly number[][],
  elapsedMs: readonly number[],
  {
    within_ms: withinMs = Number.POSITIVE_INFINITY,
    max_gap_ms: gapMs = Number.POSITIVE_INFINITY,
  }: TimedSearch,
): number[] | null {
  const ends = earliestEnds(choices, elapsedMs, gapMs)
  const indexes: number[] = []
  let latestEndMs = Number.POSITIVE_INFINITY
  for (const [step, candidates] of choices.entries()) {
    const before = indexes.at(-1)
    const position = candidates.findIndex((index, at) => {
      const isAfter =
        before === undefined || (index > before && elapsedMs[index]! - elapsedMs[before]! <= gapMs)
      const latest = before === undefined ? elapsedMs[index]! + withinMs : latestEndMs
      const end = ends[step]![at]!
      return isAfter && Number.isFinite(end) && end <= latest
    })
    if (position === -1) return null
    indexes.push(candidates[position]!)
    if (step === 0) latestEndMs = elapsedMs[indexes[0]!]! + withinMs
  }
  return indexes
}

/**
 * For each candidate of each step the earliest time at which a way from it can end; infinite: none does. Steps are gone
 * through from the last; of each, candidates from the last, with the next step's within the gap in a window.
 */
function earliestEnds(choices: readonly number[][], elapsedMs: readonly number[], gapMs: number): number[][] {
  const ends: number[][] = new Array(choices.length)
  const last = choices.length - 1
  ends[last] = choices[last]!.map(index => elapsedMs[index]!)
  for (let step = last - 1; step >= 0; step--) {
    const next = choices[step + 1]!
    const nextEnds = ends[step + 1]!
    // Positions in `next`, the farthest first, which ends earliest: a nearer one that ends earlier has pushed it out.
    const window: number[] = []
    let dropped = 0
    let nearest = next.length
    ends[step] = new Array(choices[step]!.length)
    for (let at = choices[step]!.length - 1; at >= 0; at--) {
      const index = choices[step]![at]!
      while (nearest > 0 && next[nearest - 1]! > index) {
        nearest -= 1
        while (window.length > dropped && nextEnds[window.at(-1)!]! >= nextEnds[nearest]!) window.pop()
        window.push(nearest)
      }
      while (window.length > dropped && elapsedMs[next[window[dropped]!]!]! - elapsedMs[index]! > gapMs)
        dropped += 1
      ends[step]![at] = window.length > dropped ? nextEnds[window[dropped]!]! : Number.POSITIVE_INFINITY
    }
  }
  return ends
}
