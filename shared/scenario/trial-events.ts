import type { CollectedEvent, TrialRecord } from './collected-event.ts'

/** The events of a trial as they are judged: each once, in order, from the agent's first call on. */
export interface TrialEvents {
  agent: string
  events: readonly CollectedEvent[]
  /** For each event, milliseconds since the first; never less than of the event before. */
  elapsedMs: readonly number[]
}

/**
 * Puts a trial's events in the order of epoch and seq, each `event_id` once, and leaves out what came before the agent's
 * first `tool_call_initiated`: that was set up by the benchmark. An agent that never called did nothing.
 */
export function orderTrial({ agent, events }: TrialRecord): TrialEvents {
  const ordered = [...events].sort(byPosition)
  const seen = new Set<string>()
  const once = ordered.filter(({ event_id: id }) => !seen.has(id) && seen.add(id))
  const first = once.findIndex(event => event.type === 'tool_call_initiated' && event.agent_id === agent)
  const counted = first === -1 ? [] : once.slice(first)
  return { agent, events: counted, elapsedMs: elapsedSinceFirst(counted) }
}

function byPosition(a: CollectedEvent, b: CollectedEvent): number {
  return (
    a.epoch - b.epoch || a.seq - b.seq || (a.event_id < b.event_id ? -1 : a.event_id > b.event_id ? 1 : 0)
  )
}

function elapsedSinceFirst(events: readonly CollectedEvent[]): number[] {
  let startMs = Number.NaN
  let last = 0
  return events.map(({ timestamp }) => {
    const atMs = Date.parse(timestamp)
    if (Number.isNaN(startMs)) startMs = atMs
    last = Math.max(last, Number.isNaN(atMs) ? last : atMs - startMs)
    return last
  })
}
