import type { CollectedEvent } from './collected-event.ts'
import { type Bindings, equalsLiteral, holdsAt, isSoAt } from './compare.ts'
import { isComparison, readConstraint } from './constraint.ts'
import { containsText } from './contains-text.ts'
import { dataLiterals, type Literal, type Matcher } from './matcher.ts'
import { valuesAt } from './read-path.ts'
import type { TrialEvents } from './trial-events.ts'

/** A label that no scenario gives: the agent under test, with its `id`. */
export const SELF_LABEL = 'self'

/** The positions of events that a matcher means, and of those among them that it is satisfied with. */
export interface Matches {
  meant: number[]
  satisfied: number[]
}

/** Looks a matcher up among all events of a trial. `bindings` holds the data of the events that labels name. */
export function findMatches(trial: TrialEvents, matcher: Matcher, bindings: Bindings): Matches {
  const known = new Map([...bindings, [SELF_LABEL, { id: trial.agent }]])
  const all = trial.events.flatMap((event, index) =>
    isMeant(event, matcher, trial.agent, known) ? [index] : [],
  )
  const meant = narrow(all, matcher.occurrence)
  const satisfied = meant.filter(
    index => isInTime(matcher, trial.elapsedMs[index]!) && isSatisfied(trial.events[index]!, matcher, known),
  )
  return { meant, satisfied }
}

/** The labels that a matcher refers to. */
export function referencesOf({ where = {}, constraints = {} }: Matcher): string[] {
  const texts = [...Object.values(where), ...Object.values(constraints)].flat()
  return texts.flatMap(text => {
    const read = typeof text === 'string' ? readConstraint(text) : null
    return read?.kind === 'reference' && read.label !== SELF_LABEL ? [read.label] : []
  })
}

function isMeant(event: CollectedEvent, matcher: Matcher, agent: string, bindings: Bindings): boolean {
  if (event.type !== matcher.type || !isOf(event.agent_id, matcher.agent ?? 'self', agent)) return false
  const { tool_name: tool, contains, where = {} } = matcher
  if (tool !== undefined && !valuesAt(event.data, 'tool_name').includes(tool)) return false
  const literals = dataLiterals(matcher)
  if (
    !literals.every(([path, literal]) =>
      valuesAt(event.data, path).some(value => equalsLiteral(value, literal)),
    )
  )
    return false
  if (!Object.entries(where).every(([path, is]) => isSoAt(event.data, path, is, bindings))) return false
  return contains === undefined || containsText(event.data, contains)
}

function isOf(eventAgent: string | undefined, whose: string, agent: string): boolean {
  if (whose === 'any') return true
  if (whose === 'self') return eventAgent === undefined || eventAgent === agent
  if (whose === 'others') return eventAgent !== undefined && eventAgent !== agent
  return eventAgent === whose
}

function narrow(indexes: number[], occurrence: Matcher['occurrence']): number[] {
  if (occurrence === undefined) return indexes
  return occurrence === 'first' ? indexes.slice(0, 1) : indexes.slice(-1)
}

function isInTime({ within_ms: withinMs }: Matcher, elapsedMs: number): boolean {
  return withinMs === undefined || elapsedMs <= withinMs
}

function isSatisfied(event: CollectedEvent, { constraints = {} }: Matcher, bindings: Bindings): boolean {
  return Object.entries(constraints).every(([path, is]) =>
    areComparisons(is)
      ? is.every(comparison => holdsAt(event.data, path, comparison, bindings))
      : isSoAt(event.data, path, is, bindings),
  )
}

function areComparisons(is: Literal): is is string[] {
  return Array.isArray(is) && is.every(one => typeof one === 'string' && isComparison(one))
}
